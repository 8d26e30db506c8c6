// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * Sessions on the live screen: keys and the mouse, and behind each what has changed of all that the
 * screen is made of. tests/golden/session-*.txt have them, so that nothing changes unseen.
 */
#include <locale.h>

#include "screen_fixture.h"

#define FIELDS 32

static char fields[FIELDS][1024], before[FIELDS][1024];
static const char *names[FIELDS];
static size_t n_fields;
static FILE *out;
static char *text;
static size_t length;
static uint64_t second;

static void __attribute__((format(printf, 2, 3))) field(const char *name, const char *format, ...)
{
	va_list args;

	assert_true(n_fields < FIELDS);
	names[n_fields] = name;
	va_start(args, format);
	assert_in_range(vsnprintf(fields[n_fields], sizeof(fields[0]), format, args), 0,
			sizeof(fields[0]) - 1);
	va_end(args);
	n_fields++;
}

/* Names of rows that are tagged, and of those that are collapsed; all of them in both views. */
static void marks(void)
{
	char tagged[320] = "", collapsed[320] = "";

	for (size_t i = 0; s.shown && i < s.shown->n_rows; i++)
		if (s.shown->rows[i].history->tagged)
			sprintf(tagged + strlen(tagged), " %u", s.shown->rows[i].region);
	for (size_t i = 0; s.shown && i < s.shown->n_tree; i++) {
		const struct rp_history *history = s.shown->tree[i].row.history;

		if (history->tagged)
			sprintf(tagged + strlen(tagged), " node %u", s.shown->tree[i].id);
		if (history->collapsed)
			sprintf(collapsed + strlen(collapsed), " %u", s.shown->tree[i].id);
	}
	field("tagged", "%s", tagged);
	field("collapsed", "%s", collapsed);
}

static void visible_rows(void)
{
	char rows[1024] = "";

	for (size_t i = 0; i < s.n_visible; i++) {
		const struct rp_tree_row *node;
		const struct rp_row *row = rp_state__row(&s, i, &node);

		sprintf(rows + strlen(rows), " %s%.4s", i == s.cursor ? "*" : "", row->name);
		if (node)
			sprintf(rows + strlen(rows), "/%u", node->depth);
	}
	field("rows", "%s", rows);
}

static void columns(void)
{
	char all[1024] = "", cells[1024] = "";

	for (size_t i = 0; i < s.columns.n; i++)
		if (s.columns.item[i].shown)
			sprintf(all + strlen(all), " %s", s.columns.item[i].column->key);
	for (size_t i = 0; i < s.layout.n_cells; i++)
		sprintf(cells + strlen(cells), " %s %zu+%zu", s.layout.cell[i].column->key,
			s.layout.cell[i].x, s.layout.cell[i].width);
	field("columns", "%s", all);
	field("cells", "%s%s", cells, s.layout.more ? " ..." : "");
}

static void layout(void)
{
	const struct rp_layout *l = &s.layout;

	field("lines", "header %zu titles %zu table %zu+%zu axis %zu+%zu bar %zu", l->header,
	      l->titles, l->table, l->n_table, l->axis, l->n_axis, l->bar);
	field("width", "table %zu of %zu, menu %zu+%zu", l->table_width, l->width, l->menu_x,
	      l->menu_width);
	field("pane", "%d at %zu+%zu, %zu+%zu", (int)s.pane, l->pane, l->n_pane, l->pane_x,
	      l->pane_width);
}

static void view(void)
{
	n_fields = 0;
	field("mode", "%d", (int)s.mode);
	field("sort", "%s%s", s.sort->key, s.invert ? " inverted" : "");
	field("view", "%s%s%s%s%s", s.tree ? " tree" : "", s.tree_for_pane ? " for the pane" : "",
	      s.paused ? " paused" : "", s.recent ? " recent" : "", s.log_scale ? " log" : "");
	visible_rows();
	field("top", "%zu", s.top);
	field("longest", "%zu", s.longest);
	field("scroll", "%zu", s.scroll);
	field("menu", "%zu from %zu", s.menu, s.mode ? rp_menu__first(&s) : 0);
	field("chosen", "%s", s.selected ? "by the user" : "whichever is first");
	field("interval", "%g", s.interval);
	field("filter", "%s", s.filter);
	field("search", "%s", s.search);
	field("prompt", "%s at %zu of %zu", s.prompt.text, s.prompt.cursor, s.prompt.len);
	field("list", "%d asked %d: %zu from %zu of %zu%s", s.list.shown, s.list.asked,
	      s.list.cursor, s.list.top, s.list.n_visible, s.list.chosen ? " chosen" : "");
	marks();
	columns();
	layout();
}

static void tell_request(void)
{
	if (!request.type)
		return;
	fprintf(out, "  asks for %d", (int)request.type);
	if (request.type == RP_REQUEST_GROUP)
		fprintf(out, " by %d", (int)request.by);
	if (request.type == RP_REQUEST_ADD || request.type == RP_REQUEST_COMPLETE)
		fprintf(out, " '%s'", request.text);
	if (request.type == RP_REQUEST_WINDOW)
		fprintf(out, " %lu to %lu", request.span.from, request.span.to);
	fputc('\n', out);
}

/* What was done, and what is another than before. */
static void tell(const char *done)
{
	fprintf(out, "%s\n", done);
	view();
	for (size_t i = 0; i < n_fields; i++) {
		if (strcmp(fields[i], before[i]) != 0)
			fprintf(out, "  %s: %s\n", names[i], fields[i]);
		strcpy(before[i], fields[i]);
	}
	tell_request();
	if (s.message[0])
		fprintf(out, "  says: %s\n", s.message);
}

/* ---- what is done ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int key;
} special[] = {
	{"up", RP_KEY_UP},
	{"down", RP_KEY_DOWN},
	{"left", RP_KEY_LEFT},
	{"right", RP_KEY_RIGHT},
	{"shift-left", RP_KEY_SHIFT_LEFT},
	{"shift-right", RP_KEY_SHIFT_RIGHT},
	{"page-up", RP_KEY_PAGE_UP},
	{"page-down", RP_KEY_PAGE_DOWN},
	{"home", RP_KEY_HOME},
	{"end", RP_KEY_END},
	{"backspace", RP_KEY_BACKSPACE},
	{"delete", RP_KEY_DELETE},
	{"tab", RP_KEY_TAB},
	{"back-tab", RP_KEY_BACK_TAB},
	{"enter", RP_KEY_ENTER},
	{"escape", RP_KEY_ESCAPE},
	{"space", ' '},
};

static int key_of(const char *word)
{
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (!strcmp(special[i].name, word))
			return special[i].key;
	if (word[0] == 'F' && word[1])
		return RP_KEY_F0 + atoi(word + 1);
	if (word[0] == '^' && word[1])
		return RP_CTRL(word[1]);
	assert_int_equal(strlen(word), 1);
	return word[0];
}

/* A word: a key, or "size:ROWSxWIDTH", "click:Y,X", "wheel-up:Y,X", "wheel-down:Y,X",
 * or what else happens to the screen. */
static void act(const char *word)
{
	size_t y, x;

	request.type = RP_REQUEST_NONE;
	if (!strcmp(word, "update"))
		update(++second);
	else if (!strcmp(word, "the-end"))
		s.ended = true;
	else if (!strcmp(word, "forget"))
		rp_state__forget(&s);
	else if (sscanf(word, "size:%zux%zu", &y, &x) == 2)
		rp_state__resize(&s, y, x);
	else if (sscanf(word, "click:%zu,%zu", &y, &x) == 2)
		rp_state__mouse(&s, y, x, RP_BUTTON_CLICK, &request);
	else if (sscanf(word, "wheel-up:%zu,%zu", &y, &x) == 2)
		rp_state__mouse(&s, y, x, RP_BUTTON_WHEEL_UP, &request);
	else if (sscanf(word, "wheel-down:%zu,%zu", &y, &x) == 2)
		rp_state__mouse(&s, y, x, RP_BUTTON_WHEEL_DOWN, &request);
	else
		key(key_of(word));
	tell(word);
}

static void session(const struct rp_state_opts *opts, const char *const *words, const char *golden)
{
	out = open_memstream(&text, &length);
	assert_non_null(out);
	memset(before, 0, sizeof(before));
	second = 10;
	fixture_server(&server);
	rp_state__init(&s, opts);
	rp_state__resize(&s, 30, 100);
	update(second);
	tell("begin");
	for (; *words; words++) {
		char *line = strdup(*words), *save = NULL;

		for (char *word = strtok_r(line, " ", &save); word;
		     word = strtok_r(NULL, " ", &save))
			act(word);
		free(line);
	}
	fclose(out);
	assert_golden(golden, text);
	free(text);
	rp_state__free(&s);
}

#define LIVE(...)                                                                                  \
	&(struct rp_state_opts)                                                                    \
	{                                                                                          \
		.sort = rp_column__find("total"), .interval = 1, .utf8 = true, __VA_ARGS__         \
	}

/* ---- sessions -------------------------------------------------------------------------------- */

static void test_cursor(void **state)
{
	static const char *const words[] = {
		"up down j k ^n ^p page-down page-up end G home",
		"down home update down down update home end update",
		/* Three rows on the screen, then two, one, none, and all. */
		"size:6x60 down down down page-up page-down up up up up up up page-down page-up",
		"end update home size:5x60 page-down page-down page-up end size:3x60 up size:2x60 "
		"up",
		"size:1x1 down up size:0x0 down size:40x200 up home",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-cursor.txt");
}

static void test_columns(void **state)
{
	static const char *const words[] = {
		/* Along all that are shown, around, and back; the table scrolls with them. */
		"size:20x60 [ ] ] [ right left shift-right shift-left",
		"> > > > > > > > > > > > > > > < < <",
		"size:20x80 ] ] ] ] ] ] ] ] ] ] ] ] ] ] ] ] ] [ [",
		"I > I P T size:20x200 I > I update",
		/* The menu of columns: shown or not, in another order, sorted by. */
		"c down down space space > > < left right F7 F8 s up space F2 update",
		"F2 up space > home > end > down < page-up page-down s enter c c",
		"c escape c q c F10 c x escape size:10x70 c end home page-down page-up escape",
		/* That of orders. */
		"F6 down enter F6 up x enter F6 home enter F6 end enter F6 escape F6 page-down q",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-columns.txt");
}

static void test_texts(void **state)
{
	static const char *const words[] = {
		"n N / q u e r y enter / w a l k F3 down up escape",
		"/ w a l k enter n N home n N / z z z enter n N n",
		"F3 e F3 F3 enter N",
		"/ ^g \\ w a l k enter update F4 backspace backspace tab escape",
		"\\ q u left left delete right home x end y backspace F3 ^u e enter escape",
		"\\ v enter t escape",
		"a q tab u enter a escape a enter a ^g",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-texts.txt");
}

static void test_tree(void **state)
{
	static const char *const words[] = {
		"t down right left left left right right down down down left left left",
		"end left right home * down * F5 down t t F5",
		"t space down space t U space update space space space U",
		"t home left \\ w a l k enter right escape size:8x50 end ] [ update",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-tree.txt");
}

static void test_panes(void **state)
{
	static const char *const words[] = {
		"l enter l l enter tab back-tab tab tab tab",
		/* In the icicle: into paths, beside them, and out. */
		"down down down up right left down right right left left up up up home left down",
		"left down right down down right left left home left * down down right update",
		"tab back-tab t escape enter back-tab back-tab back-tab back-tab escape",
		"t enter tab tab t t escape t",
		/* Beside the table, with the menus before it. */
		"enter size:30x160 F6 escape c escape size:16x200 size:10x160 size:9x100 "
		"size:20x159",
		"down escape escape",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-panes.txt");
}

static void test_requests(void **state)
{
	static const char *const words[] = {
		"+ = F8 - F7 - - - - - - - - + + + + + + + + +",
		"p + - p i update i r w ^l d z F9 n F9 y F9 enter F9 escape A",
		"g down enter g up enter g home enter g end enter g n g p g t g c g g g l g x "
		"escape",
		"? down page-down page-down end up page-up home q h x F1 F10 o down / t enter o",
		"o escape o \\ x enter escape M s u x e q F10",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-requests.txt");
}

/* What the mouse is on changes with what is shown. */
static void test_mouse(void **state)
{
	static const char *const words[] = {
		/* Titles: a second click inverts; between columns, and beside them. */
		"click:3,0 click:3,3 click:3,3 click:3,30 click:3,40 click:3,40 click:3,99",
		/* Rows: a second click opens; below the last there is none. */
		"click:5,5 click:5,5 click:6,5 click:9,5 click:8,5 escape click:20,5",
		"wheel-down:5,5 wheel-up:5,5 wheel-down:28,5",
		/* The line of the keys. */
		"click:29,0 escape click:29,12 escape click:29,22 escape click:29,99",
		/* A list beside the table. */
		"F6 click:4,99 F6 click:5,0 F6 wheel-down:5,5 wheel-up:5,5 click:3,99 click:29,99 "
		"escape",
		"c click:6,99 click:6,99 escape g click:5,99 g click:20,99 escape",
		/* Titles of panes, below the table and beside it. */
		"enter click:15,14 click:15,0 click:15,99 escape size:30x160 enter click:3,110",
		"click:3,100 click:3,96 click:3,95 click:4,95 click:4,96 click:12,110 escape",
		NULL,
	};

	(void)state;
	session(LIVE(), words, "session-mouse.txt");
}

/* Rows go, and come again; then the target has ended. */
static void test_the_end(void **state)
{
	static const char *const words[] = {
		"down space i forget down enter t space d F9 n * left right up escape update down",
		"the-end a A d F9 z o r i + p p w I t g p update / w enter F1 escape q",
		NULL,
	};

	(void)state;
	session(LIVE(.by = RP_BY_PROCESS), words, "session-end.txt");
}

static void test_asked_at_the_start(void **state)
{
	static const char *const words[] = {"T P > < c s escape update I I * t update", NULL};
	struct rp_column_list list;

	(void)state;
	assert_null(rp_column_list__parse("trend,share,p99,cpu", &list));
	session(LIVE(.tree = true, .by = RP_BY_PROCESS, .columns = &list), words,
		"session-asked.txt");
}

static void test_record(void **state)
{
	static const char *const words[] = {
		", . { } + = F8 - F7 0 a A d F9 z r i p o",
		"click:26,8 click:27,50 click:28,89 click:28,90 click:26,7 click:25,50 click:29,50",
		"wheel-up:26,50 wheel-down:28,50 wheel-up:25,50 escape",
		"size:16x100 size:15x100 size:12x100 size:11x100 size:8x100 size:7x100 size:5x100",
		"size:4x100 size:30x100 enter tab tab tab tab tab tab escape",
		"size:30x15 click:26,8",
		NULL,
	};
	struct rp_axis axis = {.end = 100 * S, .from = 40 * S, .to = 60 * S};

	(void)state;
	session(LIVE(.axis = &axis), words, "session-record.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor), cmocka_unit_test(test_columns),
		cmocka_unit_test(test_texts),  cmocka_unit_test(test_tree),
		cmocka_unit_test(test_panes),  cmocka_unit_test(test_requests),
		cmocka_unit_test(test_mouse),  cmocka_unit_test(test_asked_at_the_start),
		cmocka_unit_test(test_record), cmocka_unit_test(test_the_end),
	};

	setlocale(LC_ALL, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
