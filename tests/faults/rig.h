/* SPDX-License-Identifier: MIT */
/* rig.h - what the fault tests share: the failing calls of faults.h, and files whose wholeness can be told.
 */
#ifndef RIG_H
#define RIG_H
#include "faults.h"
#include "tests/abi/kit.h"

/* The functions of faults.h, in the library that is loaded before the C library. */
extern struct rig {
    int (*set) (const char *what);
    uint64_t (*count) (void), (*hits) (void);
    int64_t (*live) (void);
} rig;

/* First thing in main: starts the program again with the library loaded, or ends it where that cannot be
 * (sanitizers have their own malloc, other systems their own loader). */
void rig_begin (char **arguments);
/* faults_set with printf's format. */
__attribute__ ((format (printf, 1, 2))) void rig_fail (const char *format, ...);
void rig_stop (void);

/* What is done while memory fails. No assertions: they would allocate. */
typedef tenon_status (*rig_work) (int kind, tenon_error *error);
/* Does it again and again while one allocation after the other fails, the first, the second and so on; with
 * `last` "-" all that follow as well. It must succeed, or say that there is no memory, and lose neither
 * memory nor descriptors. */
void rig_sweep (rig_work work, int kind, const char *name, const char *last);

/* Kinds of saves: each is another way to the disk. */
enum {
    RIG_RAW,
    RIG_BOX,
    RIG_DEFLATE,
    RIG_ROT,
    RIG_SET,
    RIG_BESIDE,
    RIG_APPEND,
    RIG_CONVERT,
    RIG_COPY,
    RIG_FD,
    RIG_SAVES
};
extern const char *const rig_names[RIG_SAVES];
/* Plugins, a context that is `kit`, and what is converted; after kit_setup. */
void rig_setup (int durable);
/* Saves generation `number` (1 or 2) of the tensors in that way; the status. Without assertions, so that it
 * can be done while calls fail. */
tenon_status rig_save (int kind, unsigned number, tenon_error *error);
/* Path of the saved file, or of the index of a saved set. */
const char *rig_path (int kind);
/* Which generation the saved file is: 0: there is none; -1: there is something else, `why` says what. */
int rig_generation (int kind, const char **why);
/* Temporary files in the folder. */
unsigned rig_litter (void);

#endif
