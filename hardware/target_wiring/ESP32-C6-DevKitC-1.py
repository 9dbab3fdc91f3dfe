"""ESP32-C6-DevKitC-1 as in hardware/boards/ESP32-C6-DevKitC-1/wiring.svg; by tools/wiring.py."""

CLAMP = {
    "kind": "clamp",
    "pin": 2,
    "turns": 2000,
    "burden_ohm": 68,  # up to 32 A
    "low_mv": 0,
    "high_mv": 3300,
}
RELAY = {"kind": "relay", "pin": 18}
PWM = {"kind": "pwm", "pin": 19, "full_q": 60000}
PILOT = {"kind": "pilot", "pin": 20, "most_q": 32000}
