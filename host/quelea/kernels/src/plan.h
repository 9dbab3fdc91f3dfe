/* A rule for a fixed number of values, made ready to run. */
#ifndef QUELEA_PLAN_H
#define QUELEA_PLAN_H

#include "kernel.h"

/* Fill in plan for `received` values, with (own = 1) or without (own = 0, RULE_TRIM only) the own
 * one. The caller has checked the ranges; returns 0 if the rule holds the own value, that is, if
 * there are too few values, and the plan is not to be run. */
int plan_make(struct plan *plan, const struct isa *isa, enum rule rule, int received, int own,
              int faults);

/* floor((sum of m keys + m / 2) / m) as a key. */
struct divisor divisor_of_keys(int values);

/* The instruction set named wish, or NULL if it cannot run here; the fastest for no wish. */
const struct isa *isa_choose(const char *wish);

#endif
