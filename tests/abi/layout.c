/* SPDX-License-Identifier: MIT */
/* layout.c - the layout of the ABI, asserted by the compiler. layout.h is made by tests/abi/layout. */
#include <stddef.h>
#include <tenon/plugin.h>
#include <tenon/tenon.h>

#if UINTPTR_MAX == UINT64_MAX
#define TENON_SIZE(type, size) _Static_assert(sizeof (struct type) >= (size), #type " has become smaller");
#define TENON_PLACE(type, field, offset)                                                                     \
    _Static_assert(offsetof (struct type, field) == (offset), #type "." #field " lies elsewhere");
#include "layout.h"
#endif

/* Structs without a size of their own, in arrays without an element size: they never grow. */
_Static_assert(sizeof (struct tenon_value) == 64, "arrays of values have no element size");
