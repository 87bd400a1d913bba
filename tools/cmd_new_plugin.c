/* SPDX-License-Identifier: MIT */
/* cmd_new_plugin.c - tenon new-plugin: makes the project of a plugin, out of the tree. */
#include "codecs.h"
#include "command.h"
#include "json.h"
#include "library.h"
#include "memory.h"
#include "message.h"
#include "output.h"
#include "scaffold/project.h"
#include "text.h"
#include "tool.h"
#include <ctype.h>
#include <unistd.h>

/* An id of tenon has at most 40 characters, and so has "org.example/NAME". */
#define LONGEST_NAME 28
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static struct text_list extensions;
static bool is_filter, is_archive, is_dtype, dry_run;
static const char *language, *folder, *author, *license;
static const struct tool_option new_plugin_options[] = {
    { "extension", 'e', OPTION_LIST, "EXT", "files have this extension (without the dot); may be repeated",
      &extensions },
    { "filter", 0, OPTION_FLAG, NULL, "a filter, and files of one format inside of it", &is_filter },
    { "archive", 0, OPTION_FLAG, NULL, "archives with members, and arrays in them", &is_archive },
    { "dtype", 0, OPTION_FLAG, NULL, "a dtype of blocks, and a format that holds it", &is_dtype },
    { "language", 0, OPTION_CHOICE, "c|c++", "of the source; default: c", &language },
    { "folder", 0, OPTION_TEXT, "DIR", "the folder that is made; default: NAME", &folder },
    { "author", 0, OPTION_TEXT, "NAME", "default: that of git, or the user's name", &author },
    { "license", 0, OPTION_TEXT, "ID", "SPDX identifier; default: MIT", &license },
    { "dry-run", 0, OPTION_FLAG, NULL, "make nothing, only print", &dry_run },
    { 0 },
};

/* ---- what is asked for --------------------------------------------------------------------------- */

/* Words that the project or tenon uses itself. */
static bool
is_reserved (const char *name)
{
    static const char *const names[] = { "core",   "limits",  "save",  "none",      "plugin", "codec", "fuzz",
                                         "filter", "archive", "dtype", "signature", "test",   "tenon" };
    for (size_t i = 0; i < COUNT_OF (names); i++)
        if (strcmp (name, names[i]) == 0)
            return true;
    return false;
}

static bool
check_name (const char *name)
{
    size_t length = strlen (name);
    if (length == 0 || length > LONGEST_NAME || strspn (name, LOWER DIGITS "-_") != length
        || !strchr (LOWER, *name)) {
        misuse ("'%s' is no name of a plugin: expected 1 to %d of a-z, 0-9, - and _, a letter first", name,
                LONGEST_NAME);
        return false;
    }
    if (is_reserved (name)) {
        misuse ("the name '%s' has a meaning of its own", name);
        hint ("take the name of the format, or put your own before it: my-%s", name);
        return false;
    }
    return true;
}

static bool
check_extension (const char *extension)
{
    size_t length = strlen (extension);
    if (length > 0 && length <= LONGEST_NAME && *extension != '.' && extension[length - 1] != '.'
        && strspn (extension, LOWER DIGITS "-_.") == length)
        return true;
    misuse ("'%s' is no extension: expected 1 to %d of a-z, 0-9, -, _ and ., without the dot before it",
            extension, LONGEST_NAME);
    return false;
}

/* Texts that go into comments, strings and manual pages. */
static bool
is_plain (const char *text)
{
    for (const char *at = text; *at; at++)
        if (iscntrl ((unsigned char) *at) || strchr ("\\\"@%", *at))
            return false;
    return *text && strlen (text) <= 200 && !strstr (text, "*/") && text_is_utf8 (text, strlen (text));
}

static bool
check_words (void)
{
    if (author && !is_plain (author)) {
        misuse ("--author: expected a name without \\ \" @ %% and */, not '%s'", author);
        return false;
    }
    if (license
        && (!*license || strlen (license) > 100
            || strspn (license, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER DIGITS ".-+() ") != strlen (license))) {
        misuse ("--license: expected an SPDX identifier such as Apache-2.0, not '%s'", license);
        return false;
    }
    if (is_filter + is_archive + is_dtype > 1) {
        misuse ("--filter, --archive and --dtype exclude each other");
        return false;
    }
    if (folder && !*folder) {
        misuse ("--folder: the name is empty");
        return false;
    }
    return true;
}

/* The first line that a command prints, without its end; "" if there is none. */
static const char *
ask_command (const char *command, char *line, int size)
{
    FILE *in = popen (command, "r");
    if (!in || !fgets (line, size, in))
        *line = 0;
    if (in)
        pclose (in);
    line[strcspn (line, "\n")] = 0;
    return line;
}

static const char *
find_author (void)
{
    static char line[256];
    if (author)
        return author;
    if (is_plain (ask_command ("git config user.name 2>/dev/null", line, sizeof line)))
        return line;
    const char *user = getenv ("USER");
    return user && is_plain (user) ? user : "the author";
}

/* ---- what is in use ------------------------------------------------------------------------------ */

static bool
has_extension (const tenon_codec_info *info, const char *extension)
{
    for (const char *const *other = info->extensions; other && *other; other++)
        if (strcmp (*other, extension) == 0)
            return true;
    return false;
}

/* Notes on names that codecs of this tenon have. They are no reason to refuse: the new plugin may replace
 * one. */
static void
note_names (const struct scaffold *scaffold)
{
    CLEAN (context) tenon_context *context = tool.quiet ? NULL : context_new ();
    for (uint64_t i = 0; context && i < tenon_codec_count (context); i++) {
        tenon_codec_info info = codec_get (context, i);
        if (strcmp (info.id, scaffold->name) == 0)
            complain ("note: there is a codec '%s' already, of the plugin %s: tenon uses only one of them",
                      info.id, info.plugin);
        for (const char *const *extension = scaffold->extensions; *extension; extension++)
            if (has_extension (&info, *extension))
                complain ("note: the codec %s has the extension '%s', too: the magic decides, and to write "
                          "needs --format",
                          info.id, *extension);
    }
}

/* ---- what to do next ----------------------------------------------------------------------------- */

struct commands {
    char *lines[6];
    size_t count;
};

static void
add_command (struct commands *commands, const char *before, const char *path)
{
    struct line line = { 0 };
    bool plain = path[strspn (path, "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LOWER DIGITS "/._-+:")] == 0;
    line_word (&line, before);
    line_word (&line, plain ? "" : "'");
    for (; *path; path++)
        line_word (&line, *path == '\'' ? "'\\''" : (char[2]){ *path });
    line_word (&line, plain ? "" : "'");
    line_add (&line, "", 1);
    commands->lines[commands->count++] = line.text;
}

/* pkg-config does not know tenon where tenon is in a prefix of its own: then the first command names it, and
 * what the user named already stays. */
static void
add_environment (struct commands *commands)
{
    static const char ask[] = "${PKG_CONFIG:-pkg-config} --exists tenon-plugin >/dev/null 2>&1 && echo yes";
    const char *others = getenv ("PKG_CONFIG_PATH");
    char answer[8], path[4096];
    if (access (TENON_PKGCONFIGDIR "/tenon-plugin.pc", R_OK) < 0
        || strcmp (ask_command (ask, answer, sizeof answer), "yes") == 0)
        return;
    int length = snprintf (path, sizeof path, "%s%s%s", TENON_PKGCONFIGDIR, others && *others ? ":" : "",
                           others ? others : "");
    if (length < (int) sizeof path)
        add_command (commands, "export PKG_CONFIG_PATH=", path);
}

static void
add_commands (struct commands *commands, const struct scaffold *scaffold)
{
    add_environment (commands);
    add_command (commands, *scaffold->folder == '-' ? "cd -- " : "cd ", scaffold->folder);
    add_command (commands, "make", "");
    add_command (commands, "make check", "");
    add_command (commands, "make install-user", "");
}

static void
print_json (const struct scaffold *scaffold, const struct scaffold_files *files,
            const struct commands *commands)
{
    json_object *object = json_new (), *paths = json_array (), *lines = json_array ();
    json_add_text (object, "name", scaffold->name);
    json_add_text (object, "kind", scaffold_kind_name (scaffold->kind));
    json_add_text (object, "language", scaffold->cxx ? "c++" : "c");
    json_add (object, "folder", json_text (scaffold->folder, strlen (scaffold->folder)));
    json_add_flag (object, "made", !dry_run);
    for (size_t i = 0; i < files->count; i++)
        json_append (paths, json_text (files->items[i].path, strlen (files->items[i].path)));
    for (size_t i = 0; i < commands->count; i++)
        json_append (lines, json_text (commands->lines[i], strlen (commands->lines[i])));
    json_add (object, "files", paths);
    json_add (object, "commands", lines);
    json_print_line (object);
}

static void
print_project (const struct scaffold *scaffold, const struct scaffold_files *files,
               const struct commands *commands)
{
    if (!tool.quiet) {
        output_shown ("%s: a plugin with %s %s, in %s, %zu files%s\n", scaffold->folder,
                      scaffold->kind == SCAFFOLD_ARCHIVE ? "an" : "a", scaffold_kind_name (scaffold->kind),
                      scaffold->cxx ? "C++" : "C", files->count, dry_run ? " (not made)" : "");
        for (size_t i = 0; i < files->count; i++)
            output_shown ("    %s\n", files->items[i].path);
        output_shown ("Build it, test it and install it for you alone:\n");
    }
    for (size_t i = 0; i < commands->count; i++)
        printf ("%s%s\n", tool.quiet ? "" : "    ", commands->lines[i]);
}

static int
run_new_plugin (int count, char **arguments)
{
    (void) count;
    const char *name = arguments[0];
    if (!check_name (name) || !check_words ())
        return EXIT_TROUBLE;
    if (extensions.count == 0)
        list_add (&extensions, name);
    for (size_t i = 0; i < extensions.count; i++)
        if (!check_extension (extensions.items[i]))
            return EXIT_TROUBLE;
    struct scaffold scaffold = {
        .name = name,
        .extensions = extensions.items,
        .kind = is_filter    ? SCAFFOLD_FILTER
                : is_archive ? SCAFFOLD_ARCHIVE
                : is_dtype   ? SCAFFOLD_DTYPE
                             : SCAFFOLD_CODEC,
        .cxx = language && strcmp (language, "c++") == 0,
        .author = find_author (),
        .license = license ? license : "MIT",
        .folder = folder ? folder : name,
    };
    struct scaffold_files files = scaffold_make (&scaffold);
    struct commands commands = { .count = 0 };
    bool made = dry_run || scaffold_write (&scaffold, &files);
    if (made) {
        note_names (&scaffold);
        add_commands (&commands, &scaffold);
        if (tool.json)
            print_json (&scaffold, &files, &commands);
        else
            print_project (&scaffold, &files, &commands);
    }
    for (size_t i = 0; i < commands.count; i++)
        free (commands.lines[i]);
    scaffold_free (&files);
    list_free (&extensions);
    return made ? EXIT_DONE : EXIT_TROUBLE;
}

const struct command new_plugin_command = {
    .name = "new-plugin",
    .arguments = "NAME",
    .summary = "makes the project of a new plugin, with tests",
    .details = "It prints the commands that build the plugin, test it and install it for one user. A folder "
               "that exists is left alone.",
    .options = new_plugin_options,
    .least = 1,
    .most = 1,
    .json = true,
    .run = run_new_plugin,
};
