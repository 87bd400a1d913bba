/* SPDX-License-Identifier: MIT */
/* tree.c - the dicts and lists that will be written, by the dots in the names: of none of them (all is one
 * dict), of all (pt.nest=yes), or of those that the outline has (outline.c). */
#include "pt.h"
#include "pt_write.h"

static uint32_t
make_node (struct pt_tree *tree, uint32_t parent, const char *key, uint64_t length, uint32_t kind)
{
    struct pt_node *node = &tree->nodes[tree->count];
    memset (node, 0, sizeof *node);
    node->key = key;
    node->key_length = length;
    node->kind = kind;
    node->parent = parent;
    node->depth = tree->count > 0 ? tree->nodes[parent].depth + 1 : 0;
    node->next = node->first = node->last = node->front = node->entered = PT_NO_NODE;
    node->tail = tree->count;
    return tree->count++;
}

/* At the end of its container. */

static uint32_t
add_child (struct pt_tree *tree, uint32_t parent, const char *key, uint64_t length, uint32_t kind)
{
    uint32_t number = make_node (tree, parent, key, length, kind);
    struct pt_node *holder = &tree->nodes[parent];
    if (holder->count++ == 0)
        holder->first = number;
    else
        tree->nodes[holder->last].next = number;
    holder->last = number;
    return number;
}

/* Puts a leaf behind the container that the plan entered last before it (`entered`), and behind the leaves
 * that are there already (`tail`, or `front` before the first container). */
static uint32_t
insert_leaf (struct pt_tree *tree, uint32_t parent, const char *key, uint64_t length, uint32_t kind)
{
    uint32_t number = make_node (tree, parent, key, length, kind);
    struct pt_node *holder = &tree->nodes[parent];
    uint32_t *tail = holder->entered == PT_NO_NODE ? &holder->front : &tree->nodes[holder->entered].tail;
    uint32_t *link = *tail == PT_NO_NODE ? &holder->first : &tree->nodes[*tail].next;
    tree->nodes[number].next = *link;
    *link = *tail = number;
    if (tree->nodes[number].next == PT_NO_NODE)
        holder->last = number;
    holder->count++;
    return number;
}

/* The next leaves of the plan come behind this entry, in all containers that it is in. */
static void
enter_node (struct pt_tree *tree, uint32_t at)
{
    for (uint32_t parent; at != 0; at = parent) {
        parent = tree->nodes[at].parent;
        if (tree->nodes[parent].attributes != at)
            tree->nodes[parent].entered = at;
    }
}

void
pt_begin_sequence (struct pt_tree *tree)
{
    for (uint32_t i = 0; i < tree->count; i++)
        tree->nodes[i].entered = PT_NO_NODE;
}

/* ---- room ---- */

/* The dots of all names, which are as many dicts at most. */
static tenon_status
count_dots (struct tenon_call *call, uint64_t tensors, uint64_t metadata, uint64_t *dots)
{
    const char *key;
    uint64_t length;
    for (uint64_t i = 0; i < tensors; i++) {
        struct tenon_tensor tensor = TENON_INIT (tensor);
        TENON_TRY (call->host->plan_tensor (call, i, &tensor));
        for (uint64_t j = 0; j < tensor.name_length; j++)
            *dots += tensor.name[j] == '.';
    }
    for (uint64_t i = 0; i < metadata; i++) {
        struct tenon_value value;
        TENON_TRY (call->host->plan_metadata (call, i, &key, &length, &value));
        for (uint64_t j = 0; j < length; j++)
            *dots += key[j] == '.';
    }
    return TENON_OK;
}

tenon_status
pt_begin_tree (struct pt_tree *tree, struct tenon_call *call, uint64_t tensors, uint64_t metadata,
               const struct pt_outline *outline, int nested)
{
    uint64_t more = 1, slots = 16;
    memset (tree, 0, sizeof *tree);
    tree->call = call;
    tree->outline = outline;
    tree->nested = nested;
    if (nested)
        TENON_TRY (count_dots (call, tensors, metadata, &more));
    if (outline)
        more += 2 * (uint64_t) outline->count; /* each may have attributes */
    uint64_t most = tensors + metadata + more;
    if (most >= PT_NO_NODE)
        return tenon_fail (call, TENON_E_UNSUPPORTED, TENON_AUTO, "a dict of 2^32 entries or more");
    while (slots < most + most / 2)
        slots *= 2;
    tree->nodes = call->host->scratch (call, most * sizeof *tree->nodes);
    tree->slots = call->host->scratch (call, slots * sizeof *tree->slots);
    if (!tree->nodes || !tree->slots)
        return TENON_E_MEMORY;
    tree->mask = slots - 1;
    make_node (tree, 0, "", 0, PT_NODE_DICT);
    return TENON_OK;
}

/* ---- nodes by their keys ---- */

static uint32_t *
find_slot (struct pt_tree *tree, uint32_t parent, const char *key, uint64_t length)
{
    uint64_t at = tree->call->host->hash (tree->call, key, length) + parent * 0x9e3779b97f4a7c15u;
    for (at ^= at >> 32;; at++) {
        uint32_t *slot = &tree->slots[at & tree->mask];
        const struct pt_node *node = &tree->nodes[*slot];
        if (*slot == 0
            || (node->parent == parent && node->key_length == length && memcmp (node->key, key, length) == 0))
            return slot;
    }
}

uint32_t
pt_find_parent (const struct pt_tree *tree, const char *name, uint64_t *length)
{
    const struct pt_outline *outline = tree->outline;
    uint32_t lookups = 0;
    for (uint64_t at = *length; outline && at > 1 && lookups < PT_MOST_LOOKUPS;) {
        if (name[--at] != '.' || at > outline->longest)
            continue;
        const struct pt_part *part = pt_find_part (tree->call, outline, name, at);
        lookups++;
        if (part && part->node > 0 && !part->is_value && tree->nodes[part->node].kind <= PT_NODE_TUPLE) {
            *length = at + 1;
            return part->node;
        }
    }
    *length = 0;
    return 0;
}

/* ---- the parts of an outline ---- */

static void
set_kind (struct pt_node *node, uint32_t kind)
{
    node->int_keys = kind == PT_NODE_INTS;
    node->kind = kind == PT_NODE_INTS ? PT_NODE_DICT : kind;
}

int
pt_grow_outline (struct pt_tree *tree, struct pt_outline *outline)
{
    const uint32_t most = pt_depth (tree->call);
    set_kind (&tree->nodes[0], outline->parts[0].kind);
    for (uint32_t i = 1; i < outline->count; i++) {
        struct pt_part *part = &outline->parts[i];
        uint64_t begin = part->length;
        uint32_t parent = pt_find_parent (tree, part->name, &begin);
        struct pt_node *holder = &tree->nodes[parent];
        if (part->is_attribute && holder->kind == PT_NODE_ORDERED) {
            /* they are a dict of their own, which is not among the items */
            if (holder->attributes == 0)
                holder->attributes = make_node (tree, parent, "", 0, PT_NODE_DICT);
            parent = tree->nodes[parent].attributes;
            tree->nodes[parent].depth = holder->depth; /* as readers count */
        }
        uint32_t *slot = find_slot (tree, parent, part->name + begin, part->length - begin);
        if (*slot == 0)
            *slot = add_child (tree, parent, part->name + begin, part->length - begin, PT_NODE_DICT);
        set_kind (&tree->nodes[*slot], part->kind);
        part->node = *slot;
        if (tree->nodes[*slot].depth >= most)
            return 0;
    }
    return 1;
}

/* With pt.nest=yes: makes the dicts of a name. *parent: the last one; tree->taken: what is no dict. */
static tenon_status
make_dicts (struct pt_tree *tree, const char *name, uint64_t *length, uint32_t *parent)
{
    uint32_t most = pt_depth (tree->call);
    uint64_t begin = 0, leading = 0;
    const char *dot;
    *parent = 0;
    while (leading < *length && name[leading] == '.') /* a name does not begin with an empty key */
        leading++;
    while ((dot = memchr (name + begin + leading, '.', *length - begin - leading))) {
        uint64_t size = (uint64_t) (dot - name) - begin;
        uint32_t *slot = find_slot (tree, *parent, name + begin, size);
        if (*slot == 0)
            *slot = add_child (tree, *parent, name + begin, size, PT_NODE_DICT);
        if (tree->nodes[*slot].kind != PT_NODE_DICT) {
            tree->taken = &tree->nodes[*slot];
            return TENON_OK;
        }
        if (tree->nodes[*slot].depth >= most)
            return tenon_fail (
                tree->call, TENON_E_LIMIT, TENON_AUTO,
                "the name '%.40s…' has too many dots for pt.nest: limits.depth allows %u dicts "
                "in each other, at most %u",
                name, most, PT_MOST_DEPTH);
        *parent = *slot;
        begin += size + 1;
        leading = 0;
    }
    *length = begin;
    return TENON_OK;
}

tenon_status
pt_add_node (struct pt_tree *tree, const char *name, uint64_t length, uint32_t kind, uint64_t index,
             struct pt_node **added)
{
    uint32_t parent;
    uint64_t begin = length;
    *added = NULL;
    tree->taken = NULL;
    if (tree->nested)
        TENON_TRY (make_dicts (tree, name, &begin, &parent));
    else
        parent = pt_find_parent (tree, name, &begin);
    if (tree->taken)
        return TENON_OK;
    uint32_t *slot = find_slot (tree, parent, name + begin, length - begin);
    struct pt_node *node = &tree->nodes[*slot];
    if (*slot == 0) {
        node = &tree->nodes[ *slot = insert_leaf (tree, parent, name + begin, length - begin, kind)];
        enter_node (tree, parent);
    } else if (kind == PT_NODE_VALUE && node->kind <= PT_NODE_TUPLE && node->kind >= PT_NODE_LIST
               && node->count == 0) {
        node->as_tuple = node->kind == PT_NODE_TUPLE; /* a list of numbers or texts is one value */
        node->kind = kind;
        enter_node (tree, *slot);
    } else {
        tree->taken = node;
        return TENON_OK;
    }
    node->index = index;
    *added = node;
    return TENON_OK;
}

/* ---- lists ---- */

int
pt_take_integer (const char *text, uint64_t length, int64_t *number)
{
    uint64_t begin = length > 1 && text[0] == '-';
    *number = 0;
    if (length == 0 || (text[begin] == '0' && length > 1))
        return 0;
    for (uint64_t i = begin; i < length; i++) {
        int digit = text[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow (*number, 10, number)
            || __builtin_add_overflow (*number, begin ? -digit : digit, number))
            return 0;
    }
    return 1;
}

/* Puts the items of a list in the order of their numbers. One that lacks some becomes a dict with numbers as
 * keys. */
static void
order_items (struct pt_tree *tree, struct pt_node *list, uint32_t *order)
{
    for (uint32_t i = 0; i < list->count; i++)
        order[i] = PT_NO_NODE;
    for (uint32_t at = list->first; at != PT_NO_NODE; at = tree->nodes[at].next) {
        int64_t number;
        if (!pt_take_integer (tree->nodes[at].key, tree->nodes[at].key_length, &number) || number < 0
            || number >= list->count) {
            list->kind = PT_NODE_DICT;
            list->int_keys = 1;
            return;
        }
        order[number] = at;
    }
    list->first = order[0];
    list->last = order[list->count - 1];
    for (uint32_t i = 0; i < list->count; i++)
        tree->nodes[order[i]].next = i + 1 < list->count ? order[i + 1] : PT_NO_NODE;
}

tenon_status
pt_order_lists (struct pt_tree *tree)
{
    uint32_t *order = NULL;
    for (uint32_t i = 0; tree->outline && i < tree->count; i++) {
        struct pt_node *node = &tree->nodes[i];
        if (node->kind != PT_NODE_LIST && node->kind != PT_NODE_TUPLE)
            continue;
        if (!order && !(order = tree->call->host->scratch (tree->call, tree->count * sizeof *order)))
            return TENON_E_MEMORY;
        if (node->count > 0)
            order_items (tree, node, order);
    }
    return TENON_OK;
}
