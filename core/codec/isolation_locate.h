/* SPDX-License-Identifier: MIT */
/* isolation_locate.h - the program's side of locators whose codec runs in an isolated child. */
#ifndef TN_ISOLATION_LOCATE_H
#define TN_ISOLATION_LOCATE_H
#include "catalog/grid.h"

extern const struct tn_locating tn_locating_apart;

#endif
