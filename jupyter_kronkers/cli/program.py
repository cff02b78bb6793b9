"""The program: its commands are imported when they are used, so that a light one starts at once."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from jupyter_kronkers import errors
from jupyter_kronkers.cli.settings import Settings
from jupyter_kronkers.release import version

COMMANDS: dict[str, tuple[str, str]] = {
    "models": ("models", "Versions of models: list, show, register, alias, history, diff, export, verify."),
    "deployments": ("deployments", "What is served: create, list, show, update, rollback, stop, start, delete, logs …"),
    "predict": ("predict", "Ask a deployment for predictions, CSV or JSON in and out."),
    "metrics": ("metrics", "For Prometheus and Grafana: dashboard, alerts, scraping, list."),
    "tokens": ("tokens", "Tokens for applications: create, list, revoke."),
    "languages": ("languages", "Which of Python, R and Julia are there, and what brings the rest."),
    "serve": ("serve", "Control plane and gateway without JupyterLab, until stopped."),
    "status": ("status", "Who owns the data folder and what is served."),
    "stop": ("serve", "Stop what `serve` started."),
    "doctor": ("doctor", "Check the data folder, the languages and what is running."),
}

FAILED, USAGE, MISSING, REFUSED, REJECTED, NOT_RUNNING = 1, 2, 3, 4, 5, 6

EXIT_CODES: tuple[tuple[type[errors.KronkersError], int], ...] = (
    (errors.NotFound, MISSING),
    (errors.Unauthenticated, REFUSED),
    (errors.Denied, REFUSED),
    (errors.Invalid, REFUSED),
    (errors.Conflict, REFUSED),
    (errors.Unavailable, NOT_RUNNING),
    (errors.Exhausted, NOT_RUNNING),
)


class Commands(click.Group):
    """Knows the first line of each command without importing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"jupyter_kronkers.cli.{COMMANDS[name][0]}")
        found: click.Command = getattr(module, name)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


def tell_version(ctx: click.Context, _option: click.Parameter, asked: bool) -> None:
    # Looking the version up takes longer than most of our imports, so only whoever asks pays for it.
    if asked:
        click.echo(version())
        ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.option("--data-dir", metavar="FOLDER", help="The data folder. [default: KRONKERS_DATA_DIR, else Jupyter's own]")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=tell_version, help="The version.")
@click.pass_context
def program(ctx: click.Context, data_dir: str | None) -> None:
    """From a model in a notebook to a versioned, proven, fast endpoint."""
    ctx.obj = Settings(data_dir)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run one command and exit with its code."""
    try:
        program.main(arguments, prog_name="jupyter kronkers", standalone_mode=False)
    except errors.KronkersError as error:
        fail(error)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader (head, say) has seen enough; a second failure at exit would only confuse.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(0)


def fail(error: errors.KronkersError) -> NoReturn:
    """Tell an error in words, and as JSON on stdout where a program asked for JSON."""
    from jupyter_kronkers.cli.output import print_problem

    print_problem(error)
    sys.exit(next((code for kind, code in EXIT_CODES if isinstance(error, kind)), FAILED))
