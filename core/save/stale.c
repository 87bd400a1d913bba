/* SPDX-License-Identifier: MIT */
/* stale.c - finds the files of a plan that were replaced since they were opened. */
#include "save/stale.h"

/* True if the source is a file whose name is another file's now; *now: that file. */
static bool
is_superseded (const struct tn_source *source, struct stat *now)
{
    struct stat opened;
    return source->path && tn_source_identity (source, &opened) && stat (source->path, now) == 0
           && (opened.st_dev != now->st_dev || opened.st_ino != now->st_ino);
}

static struct tn_saved_over *
find_saved_over (const tenon_plan *plan, const struct tn_source *source)
{
    for (uint64_t i = 0; i < plan->saved_over_count; i++)
        if (plan->saved_over[i].source == source)
            return &plan->saved_over[i];
    return NULL;
}

static void
list_catalog (struct tn_stale *stale, const struct tn_catalog *catalog)
{
    for (uint64_t i = 0; i < catalog->source_count; i++) {
        struct stat now;
        if (!is_superseded (catalog->sources[i], &now))
            continue;
        const struct tn_saved_over *own = find_saved_over (stale->plan, catalog->sources[i]);
        if (own && own->device == now.st_dev && own->inode == now.st_ino)
            continue;
        if (!tn_grow (&stale->files, &stale->room, stale->count, sizeof *stale->files))
            stale->failed = true;
        else
            stale->files[stale->count++] = (struct tn_stale_file){ now.st_dev, now.st_ino };
    }
}

bool
tn_stale_check (void *user, const struct stat *now)
{
    struct tn_stale *stale = user;
    if (!stale->listed) {
        stale->listed = true;
        for (uint64_t i = 0; i < stale->plan->kept_count && !stale->append; i++)
            list_catalog (stale, stale->plan->kept[i].catalog);
        if (stale->file)
            list_catalog (stale, stale->file->catalog);
    }
    bool found = stale->failed;
    for (uint64_t i = 0; i < stale->count && !found; i++)
        found = stale->files[i].device == now->st_dev && stale->files[i].inode == now->st_ino;
    return found;
}

/* Without memory the next save of the plan is refused. */
void
tn_stale_remember (void *user)
{
    tenon_plan *plan = ((struct tn_stale *) user)->plan;
    for (uint64_t k = 0; k < plan->kept_count; k++)
        for (uint64_t i = 0; i < plan->kept[k].catalog->source_count; i++) {
            const struct tn_source *source = plan->kept[k].catalog->sources[i];
            struct stat now;
            if (!is_superseded (source, &now))
                continue;
            struct tn_saved_over *own = find_saved_over (plan, source);
            if (!own
                && tn_grow (&plan->saved_over, &plan->saved_over_room, plan->saved_over_count, sizeof *own))
                own = &plan->saved_over[plan->saved_over_count++];
            if (own)
                *own = (struct tn_saved_over){ source, now.st_dev, now.st_ino };
        }
}

void
tn_stale_free (struct tn_stale *stale)
{
    free (stale->files);
}
