/* SPDX-License-Identifier: MIT */
/* loss.h - what a save loses. */
#ifndef TN_LOSS_H
#define TN_LOSS_H
#include "codec/call.h"

/* In write: adds a loss to the report, and to the number of losses, which makes a strict save fail. `item` is
 * the tensor or the metadata key. */
TN_PRINTF (3, 4) void tn_loss (struct tn_call *call, const char *item, const char *format, ...);

#endif
