/* SPDX-License-Identifier: MIT */
/* templates.h - the files in tools/scaffold/templates, which are built into the command. */
#ifndef SCAFFOLD_TEMPLATES_H
#define SCAFFOLD_TEMPLATES_H
#include "common.h"

struct scaffold_template {
    const char *name, *text;
};
/* One without a name ends the table. */
extern const struct scaffold_template scaffold_templates[];
#endif
