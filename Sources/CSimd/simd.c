// The functions are static inline in the header; this file makes the target one.
#include "simd.h"
