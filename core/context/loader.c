/* SPDX-License-Identifier: MIT */
/* loader.c - finds plugins, loads them, and reports a verdict on every candidate.
 *
 * Order: built-in plugins; plugins whose file the configuration names; then the folders of
 * tenon_context_options.plugin_path, the program's core.plugin_path, TENON_PLUGIN_PATH and [core] plugin_path
 * (later files first), and the folder that libtenon was built for. Within a folder the order is that of the
 * names.
 *
 * Of the candidates with one name the first that can be used is used; later ones are "shadowed". So a broken
 * plugin does not hide one that works, and a file hides a built-in plugin only when [plugin NAME] path says
 * so.
 *
 * Statuses of verdicts:
 *
 *     TENON_OK             in use
 *     TENON_E_CONFIG       disabled, or not to be trusted
 *     TENON_E_EXISTS       its name, or one of its ids, is taken
 *     TENON_E_NOT_FOUND    no such file or folder
 *     TENON_E_IO           it cannot be read, or the system would not load it
 *     TENON_E_MALFORMED    no plugin
 *     TENON_E_TRUNCATED    a file that was cut off
 *     TENON_E_UNSUPPORTED  made for another version, or unwilling
 *     TENON_E_MISUSE       it broke a rule of tenon/plugin.h
 *
 * The loader checks an open file, and dlopen finds it by name a moment later. It is the same file: every
 * folder and link on its path was found to be changeable by trusted users only (trust.c). Loading
 * /proc/self/fd/N instead would be unsound, since the dynamic linker knows libraries by name, and takes a
 * second N for the first. */
#include "context/loader.h"
#include "base/report.h"
#include "context/builtin.h"
#include "context/config.h"
#include "context/registry.h"
#include "context/trust.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#ifdef TENON_NO_DLOPEN
#define CAN_LOAD false
#else
#include <dlfcn.h>
#define CAN_LOAD true
#endif

struct loader {
    tenon_context *context;
    tenon_error *error;
    struct tn_trust trust;
};

#define VERDICT(loader, status, name, file, ...)                                                             \
    tn_report_add ((loader)->context->report, TENON_VERDICT, status, 0, name, file, __VA_ARGS__)

/* Appends ", LABEL a b c", the ids of the items that one plugin registered. */
#define LIST_NAMES(text, room, label, items, count, owner, field)                                            \
    do {                                                                                                     \
        bool first_ = true;                                                                                  \
        for (uint64_t i_ = 0; i_ < (count); i_++)                                                            \
            if ((items)[i_]->plugin == (owner)) {                                                            \
                size_t fill_ = strlen (text);                                                                \
                snprintf ((text) + fill_, (room) -fill_, "%s%s %s", first_ && fill_ ? ", " : "",             \
                          first_ ? (label) : "", (items)[i_]->table.field);                                  \
                first_ = false;                                                                              \
            }                                                                                                \
    } while (0)

/* "in use: NAME VERSION (codecs a b, dtypes c)" */
static void
say_in_use (const struct loader *loader, const struct tn_plugin *plugin)
{
    const struct tn_registry *registry = &loader->context->registry;
    char what[600] = "";
    LIST_NAMES (what, sizeof what, "codecs", registry->codecs, registry->codec_count, plugin, id);
    LIST_NAMES (what, sizeof what, "filters", registry->filters, registry->filter_count, plugin, id);
    LIST_NAMES (what, sizeof what, "dtypes", registry->dtypes, registry->dtype_count, plugin, name);
    tn_report_add (loader->context->report, TENON_VERDICT, TENON_OK, 1, plugin->name, plugin->file,
                   "in use: %s%s%s%s (%s)", plugin->name, plugin->table.version[0] ? " " : "",
                   plugin->table.version, plugin->file ? "" : ", built in", what);
}

/* Registers the table that an entry function returned. Only lack of memory is a failure. */
static tenon_status
register_table (struct loader *loader, const struct tenon_plugin *table, const char *name, const char *file)
{
    tenon_context *context = loader->context;
    char why[TN_WHY_ROOM] = "";
    if (!table) {
        VERDICT (loader, TENON_E_UNSUPPORTED, name, file,
                 "unwilling: it was asked, and handed over no table");
        return TENON_OK;
    }
    tenon_status status = tn_registry_add (context, table, name, file, why);
    if (status == TENON_E_MEMORY)
        return tn_fail_memory (loader->error);
    if (status < 0) {
        VERDICT (loader, status, name, file, "refused: %s", why);
        return TENON_OK;
    }
    const struct tn_plugin *plugin = context->registry.plugins[context->registry.plugin_count - 1];
    say_in_use (loader, plugin);
    return TENON_OK;
}

/* ---- built-in plugins ---- */

/* One wrong setting stops one plugin, not every program. */
static void
say_wrong (const struct loader *loader, const struct tn_plugin_config *config, const char *name,
           const char *file)
{
    VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", config->wrong);
    tn_config_note_wrong (loader->context, name, config->wrong, "plugin");
}

static tenon_status
load_builtins (struct loader *loader)
{
    for (const struct tn_builtin *builtin = tn_builtins; builtin->name; builtin++) {
        struct tn_plugin_config config;
        TN_TRY (tn_config_plugin (loader->context, builtin->name, &config, loader->error));
        if (config.wrong[0])
            say_wrong (loader, &config, builtin->name, NULL);
        else if (config.disabled)
            VERDICT (loader, TENON_E_CONFIG, builtin->name, NULL, "built in, disabled at %s",
                     config.disabled->origin);
        else if (config.path && CAN_LOAD)
            VERDICT (loader, TENON_E_CONFIG, builtin->name, NULL,
                     "built in, but %s names a file to be used instead", config.path->origin);
        else
            TN_TRY (register_table (loader, builtin->entry (loader->context->host), builtin->name, NULL));
    }
    return TENON_OK;
}

#ifndef TENON_NO_DLOPEN

/* ---- one file ---- */

typedef const struct tenon_plugin *(*entry_function) (const struct tenon_host *host);

static entry_function
find_entry (void *handle)
{
    void *symbol = dlsym (handle, "tenon_plugin_v0");
    entry_function entry = NULL;
    _Static_assert(sizeof entry == sizeof symbol, "POSIX wants functions and data to have pointers alike");
    memcpy (&entry, &symbol, sizeof entry);
    return entry;
}

/* Reports why a shared object has no entry function that this version knows. */
static void
explain_no_entry (const struct loader *loader, void *handle, const char *name, const char *file)
{
    char symbol[] = "tenon_plugin_v?";
    for (char major = '1'; major <= '9'; major++) {
        symbol[sizeof symbol - 2] = major;
        if (dlsym (handle, symbol)) {
            VERDICT (loader, TENON_E_UNSUPPORTED, name, file,
                     "made for another major version: it has %s, this library wants tenon_plugin_v0", symbol);
            return;
        }
    }
    VERDICT (loader, TENON_E_MALFORMED, name, file, "no plugin: it does not export tenon_plugin_v0");
}

/* Loads a trusted file. `real`: its path without symbolic links. */
static tenon_status
open_file (struct loader *loader, const char *name, const char *file, const char *real)
{
    void *handle = dlopen (real, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *words = dlerror ();
        VERDICT (loader, TENON_E_IO, name, file, "dlopen: %s", words ? words : "no reason given");
        return TENON_OK;
    }
    /* Never closed, not even after a refusal: its tables, or threads that it started, may be in use. */
    entry_function entry = find_entry (handle);
    if (!entry) {
        explain_no_entry (loader, handle, name, file);
        return TENON_OK;
    }
    return register_table (loader, entry (loader->context->host), name, file);
}

static tenon_status
say_errno (const struct loader *loader, int number, const char *what, const char *name, const char *file)
{
    tenon_error words = TENON_ERROR_INIT;
    if (number == ENOMEM)
        return tn_fail_memory (loader->error);
    (void) tn_fail_errno (&words, number, what, NULL);
    VERDICT (loader, number == ENOENT || number == ENOTDIR ? TENON_E_NOT_FOUND : TENON_E_IO, name, file, "%s",
             words.message);
    return TENON_OK;
}

/* Checks a file whose path is trusted, and loads it. */
static tenon_status
check_file (struct loader *loader, const char *name, const char *file, const char *real)
{
    struct stat status;
    char why[TN_TRUST_ROOM];
    int fd =
        open (real, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY); /* a FIFO is not waited for */
    if (fd < 0 || fstat (fd, &status) < 0) {
        int number = errno;
        if (fd >= 0)
            close (fd);
        return say_errno (loader, number, "opening it", name, file);
    }
    bool good = false;
    if (!S_ISREG (status.st_mode))
        VERDICT (loader, TENON_E_MALFORMED, name, file, "it is no regular file");
    else if (!tn_trust_file (&loader->trust, fd, &status, why))
        VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", why);
    else if (!tn_elf_is_complete (fd, status.st_size))
        VERDICT (loader, TENON_E_TRUNCATED, name, file, "not loaded: the file was cut off at %lld bytes",
                 (long long) status.st_size);
    else
        good = true;
    close (fd);
    return good ? open_file (loader, name, file, real) : TENON_OK;
}

/* A file that may be a symbolic link, or whose path has not been checked. */
static tenon_status
load_by_path (struct loader *loader, const char *name, const char *file)
{
    struct stat status;
    char why[TN_TRUST_ROOM];
    TN_FREE char *real = NULL;
    int number = tn_trust_path (&loader->trust, file, false, &real, &status, why);
    if (number != 0)
        return say_errno (loader, number, "looking for it", name, file);
    if (!why[0])
        return check_file (loader, name, file, real);
    VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", why);
    return TENON_OK;
}

/* Loads the plugins with [plugin NAME] path. */
static tenon_status
load_named (struct loader *loader)
{
    const struct tn_settings *settings = &loader->context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        struct tn_plugin_config config;
        if (!entry->key || strcmp (entry->key, "path") != 0 || strncmp (entry->section, "plugin ", 7) != 0)
            continue;
        const char *name = entry->section + 7;
        if (!tn_is_plugin_name (name)) /* tn_config_check reports it */
            continue;
        TN_TRY (tn_config_plugin (loader->context, name, &config, loader->error));
        if (config.wrong[0])
            say_wrong (loader, &config, name, entry->value);
        if (config.path != entry) /* a later one overrides it */
            continue;
        if (config.disabled)
            VERDICT (loader, TENON_E_CONFIG, name, entry->value, "disabled at %s", config.disabled->origin);
        else
            TN_TRY (load_by_path (loader, name, entry->value));
    }
    return TENON_OK;
}

/* ---- folders ---- */

/* Length of the plugin's name in the name of its file; 0: the file is no plugin. */
static size_t
name_length (const char *file)
{
    static const char *const endings[] = {
        ".so",
#ifdef __APPLE__
        ".dylib",
        ".bundle",
#endif
    };
    size_t length = strlen (file);
    for (size_t i = 0; i < TN_COUNT (endings); i++) {
        size_t size = strlen (endings[i]);
        if (length > size && file[0] != '.' && strcmp (file + length - size, endings[i]) == 0)
            return length - size;
    }
    return 0;
}

static const struct tn_plugin *
registered_plugin (const tenon_context *context, const char *name)
{
    for (uint64_t i = 0; i < context->registry.plugin_count; i++)
        if (strcmp (context->registry.plugins[i]->name, name) == 0)
            return context->registry.plugins[i];
    return NULL;
}

struct candidate {
    char *file;   /* its name in the folder */
    bool is_link; /* a symbolic link, or of unknown type */
};

static int
compare_candidates (const void *a, const void *b)
{
    return strcmp (((const struct candidate *) a)->file, ((const struct candidate *) b)->file);
}

/* A candidate in a folder. `untrusted`: why the folder is not trusted, or NULL. */
static tenon_status
judge_candidate (struct loader *loader, const char *folder, const struct candidate *candidate,
                 const char *untrusted)
{
    struct tn_plugin_config config;
    TN_FREE char *name = tn_strndup (candidate->file, name_length (candidate->file));
    TN_FREE char *file = tn_concat (folder, "/", candidate->file, NULL);
    if (!name || !file)
        return tn_fail_memory (loader->error);
    if (!tn_is_plugin_name (name)) {
        VERDICT (loader, TENON_E_MISUSE, name, file,
                 "not loaded: the name of a plugin is 1 to %d of letters, digits, - and _", TN_LONGEST_ID);
        return TENON_OK;
    }
    TN_TRY (tn_config_plugin (loader->context, name, &config, loader->error));
    const struct tn_plugin *other = registered_plugin (loader->context, name);
    if (config.wrong[0])
        say_wrong (loader, &config, name, file);
    else if (config.disabled)
        VERDICT (loader, TENON_E_CONFIG, name, file, "disabled at %s", config.disabled->origin);
    else if (config.path && strcmp (config.path->value, file) == 0)
        return TENON_OK; /* load_named has reported on it */
    else if (config.path)
        VERDICT (loader, TENON_E_EXISTS, name, file, "shadowed by %s, which %s names", config.path->value,
                 config.path->origin);
    else if (other && other->file)
        VERDICT (loader, TENON_E_EXISTS, name, file, "shadowed by %s", other->file);
    else if (other)
        VERDICT (loader, TENON_E_EXISTS, name, file,
                 "shadowed by the built-in one; path in [plugin %s] could name this one", name);
    else if (untrusted)
        VERDICT (loader, TENON_E_CONFIG, name, file, "not loaded: %s", untrusted);
    else
        return candidate->is_link ? load_by_path (loader, name, file) : check_file (loader, name, file, file);
    return TENON_OK;
}

static tenon_status
read_folder (DIR *folder, struct candidate **candidates, uint64_t *count, tenon_error *error)
{
    uint64_t room = 0;
    for (const struct dirent *item; (item = readdir (folder)) != NULL;) {
        if (name_length (item->d_name) == 0)
            continue;
        struct candidate candidate = { strdup (item->d_name), true };
#ifdef DT_REG
        candidate.is_link = item->d_type != DT_REG;
#endif
        if (!candidate.file || !tn_grow (candidates, &room, *count, sizeof candidate)) {
            free (candidate.file);
            return tn_fail_memory (error);
        }
        (*candidates)[(*count)++] = candidate;
    }
    if (*count > 1)
        qsort (*candidates, *count, sizeof **candidates, compare_candidates);
    return TENON_OK;
}

/* Opens a folder and judges its path. Returns 0 or an errno. */
static int
open_trusted_folder (struct loader *loader, const char *path, DIR **folder, char why[TN_TRUST_ROOM])
{
    struct stat status;
    TN_FREE char *real = NULL;
    *folder = opendir (path);
    return *folder ? tn_trust_path (&loader->trust, path, false, &real, &status, why) : errno;
}

static tenon_status
load_folder (struct loader *loader, const char *path, const char *origin)
{
    char why[TN_TRUST_ROOM], what[200];
    struct candidate *candidates = NULL;
    uint64_t count = 0;
    DIR *folder;
    int number = open_trusted_folder (loader, path, &folder, why);
    if (number != 0) {
        if (folder)
            closedir (folder);
        /* not worth a verdict when the program runs from a build tree */
        if (number == ENOENT && strcmp (origin, "default") == 0 && loader->context->registry.plugin_count > 0)
            return TENON_OK;
        snprintf (what, sizeof what, "not searched (%.150s)", origin);
        return say_errno (loader, number, what, NULL, path);
    }
    tenon_status result = read_folder (folder, &candidates, &count, loader->error);
    closedir (folder);
    for (uint64_t i = 0; i < count; i++) {
        if (result == TENON_OK)
            result = judge_candidate (loader, path, &candidates[i], why[0] ? why : NULL);
        free (candidates[i].file);
    }
    free (candidates);
    return result;
}

/* Adds a folder to the list of those to be searched, unless it is in it. Relative paths are rejected: nothing
 * is loaded from the working directory. */
static tenon_status
add_folder (struct loader *loader, const char *path, size_t length, const char *origin)
{
    tenon_context *context = loader->context;
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length == 0)
        return TENON_OK;
    const char *copy = tn_config_keep (context, tn_strndup (path, length), loader->error);
    if (!copy)
        return loader->error->status;
    if (copy[0] != '/') {
        VERDICT (loader, TENON_E_CONFIG, NULL, copy, "not searched: it is no absolute path (%s)", origin);
        return TENON_OK;
    }
    for (uint64_t i = 0; i < context->folder_count; i++)
        if (strcmp (context->folders[i].path, copy) == 0)
            return TENON_OK;
    if (!tn_grow (&context->folders, &context->folder_room, context->folder_count, sizeof *context->folders))
        return tn_fail_memory (loader->error);
    context->folders[context->folder_count++] = (struct tn_folder){ copy, origin };
    return TENON_OK;
}

/* Adds folders that ':' separates. */
static tenon_status
add_list (struct loader *loader, const char *list, const char *origin)
{
    for (const char *path = list; path;) {
        size_t length = strcspn (path, ":");
        TN_TRY (add_folder (loader, path, length, origin));
        path = path[length] ? path + length + 1 : NULL;
    }
    return TENON_OK;
}

static tenon_status
add_configured (struct loader *loader, uint32_t layer)
{
    const struct tn_settings *settings = &loader->context->settings;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (entry->layer == layer && entry->key && strcmp (entry->section, "core") == 0
            && strcmp (entry->key, "plugin_path") == 0)
            TN_TRY (add_folder (loader, entry->value, strlen (entry->value), entry->origin));
    }
    return TENON_OK;
}

static tenon_status
find_folders (struct loader *loader, const tenon_context_options *options)
{
    bool environment = !loader->context->secure && !(options->flags & TENON_CONTEXT_NO_ENVIRONMENT);
    TN_TRY (add_list (loader, options->plugin_path, loader->context->origin));
    TN_TRY (add_configured (loader, TN_LAYER_PROGRAM));
    if (environment)
        TN_TRY (add_list (loader, getenv ("TENON_PLUGIN_PATH"), "TENON_PLUGIN_PATH"));
    for (uint32_t layer = loader->context->settings.layers; layer > 0; layer--)
        TN_TRY (add_configured (loader, layer));
    return add_folder (loader, TENON_PLUGINDIR, strlen (TENON_PLUGINDIR), "default");
}

static tenon_status
load_files (struct loader *loader, const tenon_context_options *options)
{
    TN_TRY (load_named (loader));
    TN_TRY (find_folders (loader, options));
    for (uint64_t i = 0; i < loader->context->folder_count; i++)
        TN_TRY (load_folder (loader, loader->context->folders[i].path, loader->context->folders[i].origin));
    return TENON_OK;
}

#else

static tenon_status
load_files (struct loader *loader, const tenon_context_options *options)
{
    const struct tn_settings *settings = &loader->context->settings;
    (void) options;
    for (uint64_t i = 0; i < settings->count; i++) {
        const struct tn_entry *entry = &settings->entries[i];
        if (entry->key && strcmp (entry->key, "path") == 0 && strncmp (entry->section, "plugin ", 7) == 0)
            VERDICT (loader, TENON_E_UNSUPPORTED, entry->section + 7, entry->value,
                     "not loaded: this libtenon was built with --disable-dlopen");
    }
    return TENON_OK;
}

#endif

tenon_status
tn_loader_run (tenon_context *context, const tenon_context_options *options, tenon_error *error)
{
    struct loader loader = { .context = context, .error = error, .trust = { .secure = context->secure } };
    TN_TRY (load_builtins (&loader));
    return load_files (&loader, options);
}
