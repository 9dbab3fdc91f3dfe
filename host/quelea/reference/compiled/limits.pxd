# Derived by tools/derive_limits.py from shared/quelea_proto/limits.py: change it there.
cdef enum:
    DAMP = 8
    EPOCH_MASK = 65535
    ESTIMATE_MAX = 268435455
    FAULTS_MAX = 62
    FLOW_MAX = 268435455
    FRAME_BYTES_MAX = 1024
    NEIGHBOURS_MAX = 126
    Q_MAX = 8388607
    RESIDUE_MAX = 127
    SEQ_MAX = 1073741823
    SMALL_MAX = 1073741823
    TICKS_HALF = 536870912
    TICKS_MASK = 1073741823
    TURN_MAX = 6
    USED_MOD = 255
    VERSION = 1
