#ifndef CROSSWALK_CZSTD_SHIM_H
#define CROSSWALK_CZSTD_SHIM_H
#include <zstd.h>
#endif
