/* Which instruction set to use: by the processor, once, or by QUELEA_ISA. */
#include "plan.h"

#include <stdlib.h>
#include <string.h>

static const struct isa *available(const char *name)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    int has_512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("bmi2");
    int has_256 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
    if (quelea_isa_avx512 && has_512 && !strcmp(name, quelea_isa_avx512->name))
        return quelea_isa_avx512;
    if (quelea_isa_avx2 && has_256 && !strcmp(name, quelea_isa_avx2->name))
        return quelea_isa_avx2;
#endif
    return strcmp(name, quelea_isa_portable.name) ? NULL : &quelea_isa_portable;
}

const struct isa *isa_choose(const char *wish)
{
    static const char *const names[] = {"avx512", "avx2", "portable"};
    const struct isa *found = NULL;
    if (wish && *wish)
        return available(wish);
    for (int i = 0; !found; i++)
        found = available(names[i]);
    return found;
}
