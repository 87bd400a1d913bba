/* SPDX-License-Identifier: MIT */
/* tenon/plugin.h - the interface between libtenon, the host, and plugins. It is all that a plugin includes,
 * but for <tenon/number.h>, <tenon/crc.h> and <tenon/json.h>. The manual page tenon-plugin(3) introduces it.
 *
 * A plugin is a shared object that exports one function, tenon_plugin_v0, which returns a table of the
 * codecs, filters and dtypes that it has. A codec is two functions:
 *
 *     describe (call)   turns the bytes of a source (a file, or a member of an archive) into a catalog:
 *                       for each tensor its name, dtype and shape, and where its bytes are
 *     write (call)      turns a plan, which has the same information about the tensors to be saved, into
 *                       a sequence of "put these header bytes, put that tensor here"
 *
 * A codec never opens a file, copies tensor data, makes a thread, allocates memory that must be freed, prints
 * or exits. It acts only through its *call*, which stands for one run of one codec function, on one thread.
 * The call ends when that function returns, and the host then frees all memory that it gave to the codec. A
 * codec keeps no other state: it has no variables that change. So describe and write may run on many threads
 * at once, each with its own call.
 *
 * Sources, dtypes and tensors are numbers. A number is valid in its own call only.
 *
 * Errors: a service that returns a negative tenon_status has recorded the failure and its place; the codec
 * returns the status (TENON_TRY). A codec records its own failures with tenon_fail. The first failure of a
 * call is the one that is reported, and a function that failed once has failed, whatever it returns. A status
 * that is "no failure unless the codec returns it" is not recorded: the codec may try something else. If a
 * codec function returns a positive number that its comment does not allow, the host reports TENON_E_MISUSE.
 *
 * Trust: the host checks everything that a codec passes to it: add_tensor checks the product of the shape,
 * the length, the range inside the source, the name and the limits. A codec checks its own arithmetic: it
 * never adds two numbers of a file before it knows that the sum does not overflow.
 *
 * Threads: a service may be called only while the codec function that got the call runs, and on its thread.
 * The manual page has a table of which function may call which service; with TENON_DEBUG=abi in the
 * environment the host checks it, and reports which rule was broken.
 *
 * Memory: texts, shapes and structs that a codec passes to a service are copied unless a comment says
 * otherwise. Texts and arrays that a service returns belong to the host and live as long as the call.
 *
 * The ABI is version 0: it may still change, and then tenon_plugin_v0 changes its name or the minor number
 * grows. Structs grow at their end, and so does struct tenon_host with new services. types.h says what a side
 * does with fields and flags that it does not know. */
#ifndef TENON_PLUGIN_H
#define TENON_PLUGIN_H

#include <stddef.h>
#include <string.h>
#include <tenon/codec.h>
#include <tenon/filter.h>
#include <tenon/host.h>
#include <tenon/structs.h>
#include <tenon/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tenon_plugin {
    uint32_t struct_size;
    uint32_t abi_minor;      /* TENON_ABI_MINOR of the header that it was compiled with */
    uint32_t min_host_minor; /* an older host refuses the plugin */
    uint32_t flags;          /* none yet */
    /* letters, digits, '-', '_', as in the section [plugin NAME] of tenon.ini. The host refuses the plugin if
     * its file is not called NAME.so */
    const char *name;
    const char *version, *license, *summary;
    const struct tenon_codec *const *codecs; /* each list is NULL, or ends in NULL */
    const struct tenon_filter *const *filters;
    const struct tenon_dtype *const *dtypes; /* block dtypes only: plain ones are the host's */
    /* The plugin's own extensions, by id; NULL: none. */
    const void *(*get_extension) (const char *id);
};

/* The only symbol that a plugin exports. It is called once per context, on the thread that makes the context,
 * and may return NULL, which the host reports as "unwilling". The symbol of a plugin that is linked into
 * libtenon contains the plugin's name. */
#ifdef TENON_BUILTIN_PLUGIN
#define TENON_VISIBLE __attribute__ ((visibility ("hidden")))
#else
#define TENON_VISIBLE __attribute__ ((visibility ("default")))
#endif
#ifdef __cplusplus
#define TENON_EXPORT extern "C" TENON_VISIBLE
#else
#define TENON_EXPORT TENON_VISIBLE
#endif
#define TENON_BUILTIN_SYMBOL_2_(major, name) tenon_plugin_v##major##_##name
#define TENON_BUILTIN_SYMBOL_1_(major, name) TENON_BUILTIN_SYMBOL_2_ (major, name)
#define TENON_BUILTIN_SYMBOL(name) TENON_BUILTIN_SYMBOL_1_ (TENON_ABI_MAJOR, name)
#ifdef TENON_BUILTIN_PLUGIN
#define TENON_PLUGIN_SYMBOL TENON_BUILTIN_SYMBOL (TENON_BUILTIN_PLUGIN)
#else
#define TENON_PLUGIN_SYMBOL TENON_ENTRY_SYMBOL_1_ (TENON_ABI_MAJOR)
#endif
TENON_EXPORT const struct tenon_plugin *TENON_PLUGIN_SYMBOL (const struct tenon_host *host);

/* Defines that symbol. At the end of a plugin: TENON_PLUGIN (the_table) */
#define TENON_PLUGIN(table)                                                                                  \
    const struct tenon_plugin *TENON_PLUGIN_SYMBOL (const struct tenon_host *host)                           \
    {                                                                                                        \
        (void) host;                                                                                         \
        return &(table);                                                                                     \
    }

#ifdef __cplusplus
}
#endif

/* Helpers that are compiled into the plugin. They need the declarations above. */
#include <tenon/bytes.h>
#include <tenon/cursor.h>
#include <tenon/errors.h>
#include <tenon/grow.h>
#include <tenon/odometer.h>

#endif
