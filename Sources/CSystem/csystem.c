#define _GNU_SOURCE
#include "csystem.h"

#include <sched.h>

int csystem_affinity_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 0;
  return CPU_COUNT(&set);
}
