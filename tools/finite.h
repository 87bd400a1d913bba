/* SPDX-License-Identifier: MIT */
/* finite.h - counts the infinities and NaNs of a tensor. */
#ifndef TOOL_FINITE_H
#define TOOL_FINITE_H
#include "common.h"

struct finite {
    uint64_t infinite, nan;
};
/* True if the tensor has floating-point numbers, or blocks that are decoded to such. */
bool finite_applies (const tenon_context *context, const tenon_tensor_info *info);
/* Reads the tensor once, in bounded memory; parts of complex numbers count by themselves. */
tenon_status finite_count (tenon_file *file, uint64_t index, struct finite *finite, tenon_error *error);
#endif
