// MPI's constants are casts and macros that Swift cannot import: inline wrappers.
// No communicator but the world is used, and only from the thread that called shardify_mpi_start.
#ifndef SHARDIFY_CMPI_H
#define SHARDIFY_CMPI_H
#define OMPI_SKIP_MPICXX 1
#include <mpi.h>

static inline int shardify_mpi_start(void) {
  int provided = 0;
  return MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &provided);
}
static inline int shardify_mpi_finish(void) { return MPI_Finalize(); }
static inline void shardify_mpi_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }
static inline int shardify_mpi_rank(void) {
  int rank = -1;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}
static inline int shardify_mpi_size(void) {
  int size = -1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  return size;
}
/// Ranks that share memory with this one: those of its node.
static inline int shardify_mpi_local_size(void) {
  MPI_Comm node;
  int size = -1;
  if (MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node)) return -1;
  MPI_Comm_size(node, &size);
  MPI_Comm_free(&node);
  return size;
}
static inline int shardify_mpi_sum_floats(float *values, int count) {
  return MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
}
static inline int shardify_mpi_sum_doubles(double *values, int count) {
  return MPI_Allreduce(MPI_IN_PLACE, values, count, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
}
static inline int shardify_mpi_broadcast(void *bytes, int count) {
  return MPI_Bcast(bytes, count, MPI_BYTE, 0, MPI_COMM_WORLD);
}
/// `all` has room for `count` bytes of each rank.
static inline int shardify_mpi_gather_all(const void *bytes, int count, void *all) {
  return MPI_Allgather(bytes, count, MPI_BYTE, all, count, MPI_BYTE, MPI_COMM_WORLD);
}
#endif
