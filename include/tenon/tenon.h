/* SPDX-License-Identifier: MIT */
/* tenon/tenon.h - the interface of libtenon for applications. The manual page tenon(3) introduces it.
 *
 *     context   the configuration and the plugins that it enabled
 *     file      an opened file: a catalog of tensors and metadata, and the way to their data
 *     plan      tensors from memory, from files and from callbacks, and metadata, to be saved
 *     writer    a plan whose tensors come one after the other
 *     report    notes, losses and verdicts of an operation
 *
 * Reading is open → look → map, read or load. Saving is plan → add → save. Converting is both: a plan of
 * tensors of another file.
 *
 * Errors: every function that can fail returns tenon_status, 0 or a negative TENON_E_*, and fills the
 * caller's struct tenon_error, which may be NULL. Out parameters are set on success only, and pointers
 * to NULL on failure. An argument may be NULL where this header says so; elsewhere that is TENON_E_MISUSE,
 * and functions without a status return 0 or NULL. Functions that free take NULL. The library never prints,
 * exits, installs signal handlers or keeps state of the process.
 *
 * Threads: a context and a file may be used from many threads at once, but for tenon_context_free and
 * tenon_close. A plan and a report belong to one thread at a time. A file must be closed before its context
 * is freed; a plan keeps what it needs of a file, so the file may be closed first.
 *
 * Strings that a function returns live as long as the object that they belong to, unless stated otherwise.
 * Sizes are bytes. */
#ifndef TENON_TENON_H
#define TENON_TENON_H

#include <tenon/context.h>
#include <tenon/data.h>
#include <tenon/dlpack.h>
#include <tenon/file.h>
#include <tenon/formats.h>
#include <tenon/library.h>
#include <tenon/metadata.h>
#include <tenon/plan.h>
#include <tenon/report.h>
#include <tenon/save.h>
#include <tenon/writer.h>

#endif
