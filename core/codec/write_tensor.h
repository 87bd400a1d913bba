/* SPDX-License-Identifier: MIT */
/* write_tensor.h - moves a tensor of the plan into the writer's sink. */
#ifndef TN_WRITE_TENSOR_H
#define TN_WRITE_TENSOR_H
#include "codec/call.h"

/* `index` is the plan's; `layout` is flags of struct tenon_layout. Reports changes of layout and dtype. */
tenon_status tn_write_tensor (struct tn_call *call, uint64_t index, uint32_t layout);

#endif
