#ifndef CROSSWALK_CLIBYAML_SHIM_H
#define CROSSWALK_CLIBYAML_SHIM_H
#include <yaml.h>
#endif
