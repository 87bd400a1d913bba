/* SPDX-License-Identifier: MIT */
/* loader.h - finds and loads plugins. */
#ifndef TN_LOADER_H
#define TN_LOADER_H
#include "context/context.h"

/* Finds, checks, opens and registers plugins. The report gets a verdict on every candidate. */
tenon_status tn_loader_run (tenon_context *context, const tenon_context_options *options, tenon_error *error);

#endif
