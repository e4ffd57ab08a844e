#ifndef CROSSWALK_CZLIB_SHIM_H
#define CROSSWALK_CZLIB_SHIM_H
#include <zlib.h>
#endif
