/* SPDX-License-Identifier: MIT */
/* loader_folder.h - finds plugins in folders. Not in builds without dlopen. */
#ifndef TN_LOADER_FOLDER_H
#define TN_LOADER_FOLDER_H
#include "context/loader_verdict.h"

/* Loads the plugins in the folders that the options, the environment and the configuration name. */
tenon_status tn_loader_search (struct tn_loader *loader, const tenon_context_options *options);

#endif
