// System calls that Swift's Glibc module does not show.
#ifndef CSYSTEM_H
#define CSYSTEM_H
/// Processors in this process's affinity mask; 0 if it cannot be read.
int csystem_affinity_count(void);
#endif
