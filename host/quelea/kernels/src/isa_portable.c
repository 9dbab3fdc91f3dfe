/* The kernels for any processor. */
#include "kernel.h"
#include "lanes_portable.h"
#define ISA_STRUCT quelea_isa_portable
#define ISA_NAME "portable"
#define ISA_STORAGE const
#include "isa.h"
