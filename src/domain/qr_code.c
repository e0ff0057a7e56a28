// SPDX-License-Identifier: MIT
#include "auth/domain/qr_code.h"

#include <qrencode.h>

#include "auth/base/strbuf.h"

#define QUIET_ZONE      4 /* ISO/IEC 18004 §9.1 */
#define SVG_FIRST_BYTES ((size_t)16 * 1024)
#define SVG_BYTES_MAX   ((size_t)256 * 1024)
#define IS_DARK         1u

struct drawing {
    const char *text;
    QRcode *code;
};

static void draw(void *argument)
{
    struct drawing *drawing = argument;
    drawing->code = QRcode_encodeString8bit(drawing->text, 0, QR_ECLEVEL_M);
}

/* One subpath for each run of dark modules in a row. */
static void print_row(struct strbuf *svg, const QRcode *code, int row)
{
    const unsigned char *modules = code->data + (size_t)row * (size_t)code->width;
    for (int column = 0; column < code->width; column++) {
        const int first = column;
        while (column < code->width && (modules[column] & IS_DARK) != 0) column++;
        if (column > first)
            strbuf_printf(svg, "M%d %dh%dv1h-%dz", first + QUIET_ZONE, row + QUIET_ZONE, column - first,
                          column - first);
    }
}

static result print_svg(struct task *task, const QRcode *code, struct str *ret_svg)
{
    struct strbuf svg;
    const int side = code->width + 2 * QUIET_ZONE;
    strbuf_init(&svg, task->arena, SVG_FIRST_BYTES, SVG_BYTES_MAX);
    strbuf_printf(
        &svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" "
        "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/>"
        "<path fill=\"#000\" d=\"",
        side, side, side * 4, side * 4, side, side);
    for (int row = 0; row < code->width; row++) print_row(&svg, code, row);
    strbuf_add(&svg, STR("\"/></svg>"));
    return strbuf_finish(&svg, ret_svg);
}

/* What was drawn shows the text to whoever reads it. */
static void erase(QRcode *code)
{
    wipe(code->data, (size_t)code->width * (size_t)code->width);
    QRcode_free(code);
}

result qr_code_svg(struct service *service, struct task *task, struct secret text, struct str *ret_svg)
{
    REQUIRE(text.len > 0 && text.len <= QR_TEXT_MAX, TOO_LARGE);
    struct drawing drawing = {.text = secret_expose(text).ptr};
    TRY(offload_run(service->work, draw, &drawing));
    if (!drawing.code) FAIL(&task->fault, INTERNAL, "the QR code could not be drawn");
    const result printed = print_svg(task, drawing.code, ret_svg);
    erase(drawing.code);
    return printed;
}
