#ifndef SHARDIFY_COPENBLAS_H
#define SHARDIFY_COPENBLAS_H
#include <cblas.h>
#include "kernels.h"
#endif
