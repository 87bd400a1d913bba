/* SPDX-License-Identifier: MIT
 * SPDX-FileCopyrightText: 2023-2026 The ggml authors
 * SPDX-FileCopyrightText: 2026 The tenon authors */
/* iq4.h - the values of iq4_nl and iq4_xs, a table of ggml (ggml-common.h). See NOTICE. */
#ifndef GGUF_IQ4_H
#define GGUF_IQ4_H

/* For codes 0 to 15. The values lie closer together around zero. */
#define GGUF_IQ4_VALUES -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113

#endif
