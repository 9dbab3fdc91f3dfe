"""What a round costs on the board: `python -m bench.firmware`.

`device/` runs on the targets, `parts` names what is measured, `counted` counts instructions on
the emulated Cortex-M0, `timed` times against peers on the unix port and on WebAssembly, `table`
prints and judges.
"""
