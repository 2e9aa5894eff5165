using System.CommandLine;
using System.Net;
using System.Text.RegularExpressions;
using RkLlama.Cli.Models;
using RkLlama.Cli.Terminal;
using RkLlama.Cli.Terminal.Editing;

namespace RkLlama.Cli.Chat;

/// <summary><c>rkllama run</c>: prints one answer, or leads a conversation.</summary>
internal static partial class RunCommand
{
    private const string ThinkName = "--think";

    // What the node accepts as keep_alive.
    [GeneratedRegex(@"^(?:|[-+]?\d+(?:\.\d+)?|[-+]?(?:\d+(?:\.\d*)?(?:h|ms|us|µs|μs|ns|m|s))+)$", RegexOptions.CultureInvariant)]
    private static partial Regex Duration { get; }

    internal static Command Create(NodeArguments node, ModelArgument models)
    {
        Argument<string> model = models.One("Name of the model. If the node does not have it, the node downloads it first");
        Argument<string[]> prompt = new(UsageErrors.TextArgument) { Description = "The question. Text from stdin stands before it. Without both: a conversation. Words that begin with -- come after --", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> think = new(ThinkName) { Description = $"Think before the answer: {string.Join(", ", ChatSettings.ThinkLevels)} [the model decides]", HelpName = "LEVEL" };
        Option<string?> format = new("--format") { Description = "Form of the answer: json", HelpName = "json" };
        Option<string?> keepAlive = new("--keepalive") { Description = "Time that the model stays loaded afterwards, such as 5m [that of the node]", HelpName = "TIME" };
        Option<string?> image = new("--image") { Description = "A picture for the model (not supported yet)", HelpName = "FILE" };
        Option<bool> hide = new("--hidethinking") { Description = "Do not print the thoughts" };
        Option<bool> verbose = new("--verbose") { Description = "Print the statistics of each answer on stderr" };
        Option<bool> noWrap = new("--nowordwrap") { Description = "Do not break lines between words" };
        think.CompletionSources.Add([.. ChatSettings.ThinkLevels]);
        think.Validators.Add(result =>
        {
            if (result.Tokens is [{ } token] && !ChatSettings.ThinkLevels.Contains(token.Value))
                result.AddError($"{ThinkName}: '{token.Value}' is none of {string.Join(", ", ChatSettings.ThinkLevels)}");
        });
        keepAlive.Validators.Add(static result =>
        {
            if (result.Tokens is [{ } token] && !Duration.IsMatch(token.Value))
                result.AddError($"--keepalive: '{token.Value}' is not a number of seconds or a time such as 5m or 1h30m");
        });
        format.CompletionSources.Add("json");
        format.Validators.Add(static result =>
        {
            if (result.Tokens is [{ Value: not "json" } token])
                result.AddError($"--format: '{token.Value}' is not json");
        });
        Symbol[] symbols = [model, prompt, think, hide, format, keepAlive, verbose, noWrap, image];
        return CommandAction.Create("run", "Ask a model one question, or talk to it.", node, symbols, async (result, client, cancellationToken) =>
        {
            if (result.GetValue(image) is not null)
                throw new CommandException("--image: this version cannot send pictures to a model") { ExitCode = 2 };

            ChatSettings settings = new(result.GetValue(model)!)
            {
                Think = result.GetValue(think),
                HidesThinking = result.GetValue(hide),
                IsJson = result.GetValue(format) is not null,
                IsVerbose = result.GetValue(verbose),
                WrapsWords = !result.GetValue(noWrap),
                KeepAlive = result.GetValue(keepAlive),
            };
            string question = string.Join(' ', result.GetValue(prompt) ?? []);
            if (question.Length == 0 && TerminalFeatures.IsInteractive)
            {
                await PrepareAsync(client, settings, cancellationToken).ConfigureAwait(false);
                return await ConverseAsync(client, settings, cancellationToken).ConfigureAwait(false);
            }

            if (Console.IsInputRedirected)
                question = Join(await Console.In.ReadToEndAsync(cancellationToken).ConfigureAwait(false), question);
            if (question.Length == 0)
                throw new CommandException("there is no prompt: give one as an argument or on stdin") { ExitCode = 2 };
            await PrepareAsync(client, settings, cancellationToken).ConfigureAwait(false);
            return await AnswerAsync(client, settings, question, cancellationToken).ConfigureAwait(false);
        });
    }

    /// <summary>Gives <c>--think</c> without a level the level true. A word after it would be taken for the level: it is the prompt.</summary>
    internal static string[] Normalize(string[] args)
    {
        int end = Array.IndexOf(args, "--");
        return args is ["run", ..] or [_, "run", ..] or [_, _, "run", ..]
            ? [.. args.Select((argument, index) => argument == ThinkName && (end < 0 || index < end) ? ThinkName + "=true" : argument)]
            : args;
    }

    /// <summary>Joins the text of stdin and the prompt of the command line by a blank line.</summary>
    internal static string Join(string input, string prompt)
    {
        string text = input.TrimEnd('\r', '\n');
        return text.Length == 0 ? prompt : prompt.Length == 0 ? text : $"{text}\n\n{prompt}";
    }

    /// <summary>Downloads the model if the node does not have it.</summary>
    private static async Task PrepareAsync(NodeClient client, ChatSettings settings, CancellationToken cancellationToken)
    {
        try
        {
            settings.ModelMessages = ChatSettings.MessagesOf(await ShowCommand.FetchAsync(client, settings.Model, cancellationToken).ConfigureAwait(false));
        }
        catch (CommandException ex) when (ex.Status == HttpStatusCode.NotFound)
        {
            await Console.Error.WriteLineAsync($"The node does not have '{settings.Model}' yet. It downloads it now:").ConfigureAwait(false);
            settings.Model = (await new Puller(client, Puller.Display).PullAsync(settings.Model, cancellationToken).ConfigureAwait(false)).Name;
        }
    }

    private static async Task<int> ConverseAsync(NodeClient client, ChatSettings settings, CancellationToken cancellationToken)
    {
        using KeyReader keys = new();
        History history = new(History.PathOf(Environment.GetEnvironmentVariable)) { IsEnabled = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OLLAMA_NOHISTORY")) };
        LineEditor editor = new(keys.Keys, Console.Out, static () => TerminalFeatures.Width, history);
        Conversation conversation = new(client, settings, editor, history, keys, Console.Out, Console.Error) { HasColor = TerminalFeatures.HasColor, Width = static () => TerminalFeatures.Width };
        return await conversation.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    private static async Task<int> AnswerAsync(NodeClient client, ChatSettings settings, string question, CancellationToken cancellationToken)
    {
        bool isTerminal = !Console.IsOutputRedirected;
        AnswerPrinter printer = new(Console.Out, isTerminal, TerminalFeatures.HasColor, settings.HidesThinking, settings.WrapsWords ? static () => TerminalFeatures.Width : null);
        Answer answer;
        try
        {
            answer = await new ChatClient(client).AskAsync(settings.ToBody([new("user", question)]), printer, cancellationToken).ConfigureAwait(false);
        }
        catch (CommandException) when (printer.HasText)
        {
            printer.End();
            throw;
        }

        printer.End();
        if (answer.Last is not { } last)
            return CommandAction.Interrupted;
        if (settings.IsVerbose)
            await Console.Error.WriteAsync(Statistics.Format(last)).ConfigureAwait(false);
        return 0;
    }
}
