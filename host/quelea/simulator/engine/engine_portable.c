/* The rounds with what every machine has. */
#define ENGINE_ROUND engine_round_portable
#include "set.h"
