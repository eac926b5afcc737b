/* The command line: netns-launcher (--channel-fd N | --plan-file F [--status-fd N]) [--keep-fd N]... -- COMMAND */
#include "netns.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
	"usage: netns-launcher --channel-fd N [--control-fd N] [--keep-fd N]... -- COMMAND [ARG...]\n"
	"       netns-launcher --plan-file FILE [--status-fd N] [--keep-fd N]... -- COMMAND [ARG...]\n"
	"Starts COMMAND in the namespaces and file system that the plan describes.\n";

static int parse_fd(const char *text)
{
	char *end;
	errno = 0;
	long n = strtol(text, &end, 10);
	if (errno || *end || end == text || n < 0 || n > INT_MAX)
		return -1;
	return (int)n;
}

static int wrong(const char *what, const char *value)
{
	fprintf(stderr, "netns-launcher: %s: %s\n%s", what, value, usage);
	return -1;
}

static int set_fd(int *target, const char *text)
{
	*target = parse_fd(text);
	return *target < 0 ? wrong("not a file descriptor", text) : 0;
}

static int take_option(struct options *options, int option)
{
	switch (option) {
	case 'c':
		return set_fd(&options->channel_fd, optarg);
	case 's':
		return set_fd(&options->status_fd, optarg);
	case 'p':
		options->plan_file = optarg;
		return 0;
	case 'o':
		return set_fd(&options->control_fd, optarg);
	case 'k':
		if (options->keep_count == MAX_KEEP_FDS)
			return wrong("too many --keep-fd", optarg);
		return set_fd(&options->keep_fds[options->keep_count++], optarg);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		return -1;
	}
}

int options_parse(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "channel-fd", required_argument, NULL, 'c' },
		{ "status-fd", required_argument, NULL, 's' },
		{ "plan-file", required_argument, NULL, 'p' },
		{ "keep-fd", required_argument, NULL, 'k' },
		{ "control-fd", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	*options = (struct options){ .channel_fd = -1, .status_fd = -1, .control_fd = -1 };
	int option;
	while ((option = getopt_long(argc, argv, "+h", known, NULL)) != -1)
		if (take_option(options, option))
			return -1;
	options->command = argv + optind;
	if (!*options->command)
		return wrong("no command", "");
	if ((options->channel_fd < 0) == (options->plan_file == NULL))
		return wrong("give one of", "--channel-fd, --plan-file");
	if (options->channel_fd >= 0)
		options->status_fd = options->channel_fd;
	return 0;
}
