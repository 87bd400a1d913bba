/* SPDX-License-Identifier: MIT */
/* main.c - a target without libFuzzer: fuzz_NAME [FILE or FOLDER...] runs every file through it, by default
 * the committed seeds: tests/fuzz/seeds/NAME, and, for the target that takes whole files,
 * plugins/PLUGIN/seeds. */
#include "fuzz.h"
#include <dirent.h>
#include <sys/stat.h>

static unsigned long done;

static void
run_file (const char *path, size_t size)
{
    FILE *in = fopen (path, "rb");
    uint8_t *data = malloc (size + 1);
    if (!in || !data || fread (data, 1, size, in) != size)
        fuzz_fail ("%s cannot be read", path);
    fclose (in);
    fprintf (stderr, "%s\n", path);
    LLVMFuzzerTestOneInput (data, size);
    free (data);
    done++;
}

static void
run_path (const char *path)
{
    struct stat status;
    struct dirent **entries;
    char inner[4096];
    if (stat (path, &status) < 0)
        return;
    if (!S_ISDIR (status.st_mode)) {
        run_file (path, (size_t) status.st_size);
        return;
    }
    int count = scandir (path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.'
            && snprintf (inner, sizeof inner, "%s/%s", path, entries[i]->d_name) < (int) sizeof inner)
            run_path (inner);
        free (entries[i]);
    }
    if (count >= 0)
        free (entries);
}

/* SRCDIR/FOLDER/NAME/INNER */
static void
run_seeds (const char *folder, const char *name, const char *inner)
{
    char path[4096];
    const char *srcdir = getenv ("TENON_SRCDIR");
    snprintf (path, sizeof path, "%s/%s/%s/%s", srcdir ? srcdir : ".", folder, name, inner);
    run_path (path);
}

static void
run_plugin_seeds (void)
{
    static const char *const plugins[] = { "gguf", "npy", "npz", "pt", "safetensors" };
    for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++)
        run_seeds ("plugins", plugins[i], "seeds");
}

int
main (int argc, char **argv)
{
    const char *name = strstr (argv[0], "fuzz_");
    while (name && strstr (name + 1, "fuzz_")) /* in a folder of that name */
        name = strstr (name + 1, "fuzz_");
    for (int i = 1; i < argc; i++)
        run_path (argv[i]);
    if (argc == 1 && name) {
        run_seeds ("tests/fuzz/seeds", name + 5, "");
        if (strcmp (name, "fuzz_open") == 0)
            run_plugin_seeds ();
    }
    if (done == 0)
        fuzz_fail ("no seeds");
    printf ("100%%: Checks: %lu, Failures: 0, Errors: 0\n", done);
    return 0;
}
