/* SPDX-License-Identifier: MIT */
/* tenon/context.h - the configuration, and the plugins that it enabled. */
#ifndef TENON_CONTEXT_H
#define TENON_CONTEXT_H
#include <tenon/library.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TENON_CONTEXT_NO_FILES = 1, /* read no ini files: built-in defaults and `settings` only */
    /* ignore TENON_CONFIG, TENON_PLUGIN_PATH, XDG_CONFIG_HOME and HOME. Always so in setuid programs */
    TENON_CONTEXT_NO_ENVIRONMENT = 2,
    /* [core] isolate = yes, or third-party, at least, whatever the configuration says: plugins read in
     * processes without rights, and one that crashes fails the call with TENON_E_CRASHED. The process forks
     * when a file is first opened, and may get a SIGCHLD then. TENON_E_UNSUPPORTED where there is no
     * isolation: it needs Linux with seccomp. "Isolation" in tenon.ini(5) says what it covers and costs */
    TENON_CONTEXT_ISOLATE = 0x10000,
    TENON_CONTEXT_ISOLATE_THIRD_PARTY = 0x20000
};
typedef struct tenon_context_options {
    uint32_t struct_size, flags;
    /* NULL-terminated "SECTION.KEY=VALUE": "core.threads=4", "npy.max_header=2MiB",
     * "plugin.npy.enabled=no", "limits.tensors=5". They override all files */
    const char *const *settings;
    const char
        *plugin_path;   /* absolute folders, ':' between; searched before the configured ones. NULL: none */
    const char *origin; /* the name of `settings` in messages; NULL: "the program" */
} tenon_context_options;

/* Reads the configuration and loads the plugins. `options` may be NULL. A plugin that cannot be loaded is
 * no error: see tenon_context_report. A wrong key or value in `settings`, or in [core], [limits] or [save] of
 * a file, is one, TENON_E_CONFIG; in a section of a plugin or codec of a file it stops that alone, with a
 * verdict and a note. */
TENON_API tenon_status tenon_context_new (tenon_context **context, const tenon_context_options *options,
                                          tenon_error *error);
/* All files of the context must be closed. NULL is fine. */
TENON_API void tenon_context_free (tenon_context *context);

/* Verdicts on all plugin candidates, and notes on the configuration. Lives as long as the context. */
TENON_API const tenon_report *tenon_context_report (const tenon_context *context);

/* Looks for faults of the configuration: of the files that tenon_context_new would read, or of `files`,
 * NULL-terminated, in their place, and of the program's settings. Each becomes a TENON_NOTE of the report
 * whose status is negative and whose message begins with FILE:LINE; entries that later ones override are
 * checked, too. The plugins are loaded, since they know their codecs' options. Returns the status of the
 * first fault. `options` and `report` may be NULL; the caller frees the report. */
TENON_API tenon_status tenon_config_check (const tenon_context_options *options, const char *const *files,
                                           tenon_report **report, tenon_error *error);

/* One line of the effective configuration. */
typedef struct tenon_config_entry {
    uint32_t struct_size, type; /* TENON_OPTION_* */
    const char *section, *key;  /* "codec npy", "max_header" */
    const char *value;
    /* "default", "/etc/tenon/tenon.ini:12", "environment", "command line" …; of the folder of plugins of a
     * libtenon that was moved, "relative to libtenon" */
    const char *origin;
    const char *help;
} tenon_config_entry;
/* The number of lines, and one of them. Texts live as long as the context. TENON_E_NOT_FOUND: `index` is
 * none. */
TENON_API uint64_t tenon_config_count (const tenon_context *context);
TENON_API tenon_status tenon_config_get (const tenon_context *context, uint64_t index,
                                         tenon_config_entry *entry);

/* The configured value of TENON_LIMIT_*; 0 for an unknown one. */
TENON_API uint64_t tenon_limit (const tenon_context *context, uint32_t limit);

#ifdef __cplusplus
}
#endif
#endif
