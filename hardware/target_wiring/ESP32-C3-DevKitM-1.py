"""ESP32-C3-DevKitM-1 as in hardware/boards/ESP32-C3-DevKitM-1/wiring.svg; by tools/wiring.py."""

CLAMP = {
    "kind": "clamp",
    "pin": 1,
    "turns": 2000,
    "burden_ohm": 47,  # up to 32 A
    "low_mv": 0,
    "high_mv": 2500,
}
RELAY = {"kind": "relay", "pin": 6}
PWM = {"kind": "pwm", "pin": 7, "full_q": 60000}
PILOT = {"kind": "pilot", "pin": 10, "most_q": 32000}
