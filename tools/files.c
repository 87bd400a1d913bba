/* SPDX-License-Identifier: MIT */
/* files.c - commands that take several files, one after the other. */
#include "files.h"
#include "json.h"
#include "message.h"
#include "output.h"
#include "tool.h"

int
files_each (tenon_context *context, int count, char **paths, bool spaced,
            int (*each) (tenon_context *context, const char *path, void *user), void *user)
{
    struct json_stream stream = { 0 };
    int worst = EXIT_DONE;
    if (tool.json)
        stream = json_begin (count > 1);
    for (int i = 0; i < count && !output_broken (); i++) {
        if (tool.json)
            json_next (&stream);
        else if (i > 0 && spaced)
            putchar ('\n');
        int code = each (context, paths[i], user);
        worst = code > worst ? code : worst;
    }
    if (tool.json)
        json_end (&stream);
    return worst;
}

int
files_failure (const char *path, const tenon_error *error)
{
    if (tool.json) {
        json_object *object = json_new ();
        json_add_text (object, "file", path);
        json_add (object, "error", json_failure (error));
        json_print (object);
    }
    return report_failure (error);
}
