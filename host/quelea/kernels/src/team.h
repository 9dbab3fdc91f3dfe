/* A few threads that go through rounds together. */
#ifndef QUELEA_TEAM_H
#define QUELEA_TEAM_H

#include <stddef.h>

enum { TEAM_MAX = 64 };

struct team;
typedef void (*team_work)(void *job, int member, struct team *team);

/* Call work(job, member, team) for member 0..size-1 at once; member 0 is the caller's thread.
 * Returns the number of members that ran: fewer than size if threads could not be had. */
int team_run(team_work work, void *job, int size);

/* Wait until all members are here. */
void team_wait(struct team *team);
int team_size(const struct team *team);

/* The member's part of 0..count-1, in whole units. */
static inline void team_part(size_t count, size_t unit, int member, int size, size_t *first,
                             size_t *last)
{
    size_t units = (count + unit - 1) / unit;
    *first = units * (size_t)member / (size_t)size * unit;
    *last = units * ((size_t)member + 1) / (size_t)size * unit;
    if (*last > count)
        *last = count;
}

#endif
