"""ESP32-S3-DevKitC-1 as in hardware/boards/ESP32-S3-DevKitC-1/wiring.svg; by tools/wiring.py."""

CLAMP = {
    "kind": "clamp",
    "pin": 4,
    "turns": 2000,
    "burden_ohm": 56,  # up to 32 A
    "low_mv": 0,
    "high_mv": 3100,
}
RELAY = {"kind": "relay", "pin": 15}
PWM = {"kind": "pwm", "pin": 16, "full_q": 60000}
PILOT = {"kind": "pilot", "pin": 17, "most_q": 32000}
