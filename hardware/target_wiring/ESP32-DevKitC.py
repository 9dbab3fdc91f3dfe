"""ESP32-DevKitC as in hardware/boards/ESP32-DevKitC/wiring.svg; by tools/wiring.py."""

CLAMP = {
    "kind": "clamp",
    "pin": 34,
    "turns": 2000,
    "burden_ohm": 47,  # up to 32 A
    "low_mv": 150,
    "high_mv": 2450,
}
RELAY = {"kind": "relay", "pin": 26}
PWM = {"kind": "pwm", "pin": 25, "full_q": 60000}
PILOT = {"kind": "pilot", "pin": 27, "most_q": 32000}
