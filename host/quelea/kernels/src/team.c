/* Threads and their barrier; one thread where the platform has no POSIX threads. */
#include "team.h"

#if defined(_WIN32)

struct team {
    int size;
};

int team_run(team_work work, void *job, int size)
{
    struct team team = {1};
    (void)size;
    work(job, 0, &team);
    return 1;
}

void team_wait(struct team *team) { (void)team; }

#else

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { SPINS_MAX = 4000 }; /* some microseconds; then others get the core */

struct team {
    int size;
    atomic_int arrived, turn, started;
    team_work work;
    void *job;
};

struct member {
    struct team *team;
    int number;
    pthread_t thread;
};

void team_wait(struct team *team)
{
    int turn = atomic_load(&team->turn), spins = 0;
    if (atomic_fetch_add(&team->arrived, 1) + 1 == team->size) {
        atomic_store(&team->arrived, 0);
        atomic_store(&team->turn, turn + 1);
        return;
    }
    while (atomic_load(&team->turn) == turn)
        if (++spins > SPINS_MAX)
            sched_yield();
}

static void *enter(void *argument)
{
    struct member *member = argument;
    while (!atomic_load(&member->team->started))
        sched_yield();
    member->team->work(member->team->job, member->number, member->team);
    return NULL;
}

int team_run(team_work work, void *job, int size)
{
    struct team team = {.size = 1, .work = work, .job = job};
    struct member members[TEAM_MAX];
    if (size > TEAM_MAX)
        size = TEAM_MAX;
    while (team.size < size) {
        struct member *member = &members[team.size];
        *member = (struct member){.team = &team, .number = team.size};
        if (pthread_create(&member->thread, NULL, enter, member))
            break;
        team.size++;
    }
    atomic_store(&team.started, 1);
    work(job, 0, &team);
    for (int number = 1; number < team.size; number++)
        pthread_join(members[number].thread, NULL);
    return team.size;
}

#endif

int team_size(const struct team *team) { return team->size; }
