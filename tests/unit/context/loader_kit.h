/* SPDX-License-Identifier: MIT */
/* loader_kit.h - folders of plugins, contexts that look into them, and their verdicts. Each test that
 * includes it has these functions for itself. */
#ifndef LOADER_KIT_H
#define LOADER_KIT_H
#include "context/context.h"
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static tenon_context *context;
static tenon_error error;
static char folder[64], other[80];

static void
set_up (void)
{
    strcpy (folder, "/tmp/tenon-loader-XXXXXX");
    ck_assert_ptr_nonnull (mkdtemp (folder));
    ck_assert_int_eq (chmod (folder, 0755), 0);
    snprintf (other, sizeof other, "%s/other", folder);
    ck_assert_int_eq (mkdir (other, 0755), 0);
    setenv ("XDG_CONFIG_HOME", folder, 1);
    unsetenv ("TENON_PLUGIN_PATH");
    unsetenv ("TENON_CONFIG");
    context = NULL;
}

static void
tear_down (void)
{
    char command[160];
    tenon_context_free (context);
    context = NULL;
    snprintf (command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'", folder, folder);
    ck_assert_int_eq (system (command), 0);
}

/* ---- files ---- */

static const char *
path_of (const char *where, const char *name)
{
    static char path[16][256]; /* the last sixteen results stay valid */
    static unsigned next;
    next = (next + 1) % 16;
    snprintf (path[next], sizeof path[next], "%s/%s", where, name);
    return path[next];
}

/* Copies a plugin of tests/unit/context/plugins, or the first `most` bytes of it. */
static const char *
put_part (const char *plugin, const char *where, const char *name, size_t most)
{
    static char bytes[1 << 20];
    const char *build = getenv ("TENON_BUILDDIR"), *to = path_of (where, name);
    char from[512];
    snprintf (from, sizeof from, "%s/tests/unit/context/plugins/.libs/%s.so", build ? build : ".", plugin);
    FILE *source = fopen (from, "rb");
    ck_assert_msg (source != NULL, "%s: %s", from, strerror (errno));
    size_t length = fread (bytes, 1, TN_MIN (most, sizeof bytes), source);
    fclose (source);
    unlink (to); /* it may be mapped */
    FILE *target = fopen (to, "wb");
    ck_assert_ptr_nonnull (target);
    ck_assert_uint_eq (fwrite (bytes, 1, length, target), length);
    ck_assert_int_eq (fclose (target), 0);
    ck_assert_int_eq (chmod (to, 0644), 0);
    return to;
}

static const char *
put_plugin (const char *plugin, const char *where, const char *name)
{
    return put_part (plugin, where, name, SIZE_MAX);
}

/* ---- contexts and their verdicts ---- */

static tenon_status
make_context (const char *plugin_path, const char *const *settings)
{
    tenon_context_options options = {
        .struct_size = sizeof options, .settings = settings, .plugin_path = plugin_path, .origin = "test"
    };
    tenon_context_free (context);
    error = (tenon_error) TENON_ERROR_INIT;
    return tenon_context_new (&context, &options, &error);
}
#define MAKE(plugin_path) ck_assert_int_eq (make_context (plugin_path, NULL), TENON_OK)
#define MAKE_WITH(plugin_path, ...)                                                                          \
    ck_assert_int_eq (make_context (plugin_path, (const char *[]){ __VA_ARGS__, NULL }), TENON_OK)

/* The verdict on a file. */
static tenon_report_entry
verdict_on (const char *file)
{
    tenon_report_entry entry = { .struct_size = sizeof entry };
    for (uint64_t i = 0; i < tenon_report_count (tenon_context_report (context)); i++) {
        ck_assert_int_eq (tenon_report_get (tenon_context_report (context), i, &entry), TENON_OK);
        if (entry.kind == TENON_VERDICT && strcmp (entry.file, file) == 0)
            return entry;
    }
    ck_abort_msg ("no verdict on %s", file);
    return entry;
}

static void
expect_verdict (const char *file, tenon_status status, const char *words)
{
    tenon_report_entry entry = verdict_on (file);
    ck_assert_str_eq (entry.message, words);
    ck_assert_int_eq (entry.status, status);
    ck_assert_uint_eq (entry.chosen, status == TENON_OK);
}

static void
expect_beginning (const char *file, tenon_status status, const char *words)
{
    tenon_report_entry entry = verdict_on (file);
    ck_assert_msg (strncmp (entry.message, words, strlen (words)) == 0, "%s", entry.message);
    ck_assert_int_eq (entry.status, status);
}

static bool
has_codec (const char *id)
{
    for (uint64_t i = 0; i < tenon_codec_count (context); i++) {
        tenon_codec_info info = { .struct_size = sizeof info };
        ck_assert_int_eq (tenon_codec_get (context, i, &info), TENON_OK);
        if (strcmp (info.id, id) == 0)
            return true;
    }
    return false;
}

#endif
