/* SPDX-License-Identifier: MIT */
/* describe.c - finds the nodes of a store: groups and arrays. */
#include "zarr.h"

tenon_status
zarr_describe (struct tenon_call *call)
{
    return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "stores of Zarr cannot be read yet");
}
