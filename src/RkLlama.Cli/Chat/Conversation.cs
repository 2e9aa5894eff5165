using System.Net;
using System.Text;
using RkLlama.Cli.Models;
using RkLlama.Cli.Terminal.Editing;

namespace RkLlama.Cli.Chat;

/// <summary>A conversation in a terminal: reads messages and commands, prints answers. Ends with /bye, with Ctrl-D, or when the terminal is gone.</summary>
internal sealed class Conversation(NodeClient client, ChatSettings settings, LineEditor editor, History history, KeyReader keys, TextWriter output, TextWriter errors)
{
    private const string Prompt = ">>> ", Continuation = "... ", Hint = "Send a message (/? for help)";

    private readonly ChatClient _chat = new(client);
    private readonly List<ChatMessage> _messages = [];
    private string? _ignored;

    internal required bool HasColor { get; init; }

    /// <summary>Returns the columns of the terminal.</summary>
    internal required Func<int> Width { get; init; }

    /// <returns>The exit code.</returns>
    /// <exception cref="CommandException">The model cannot be loaded.</exception>
    internal async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!await TryInterruptibleAsync(LoadAsync, cancellationToken).ConfigureAwait(false))
            return CommandAction.Interrupted;
        await ShowMessagesAsync().ConfigureAwait(false);
        if (!HasColor)
            await output.WriteLineAsync(Hint).ConfigureAwait(false);
        while (await ReadAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            try
            {
                if (line.IsText || SlashCommand.Parse(line.Text) is not { } command)
                    await AnswerAsync(MultiLine.Unquote(line.Text), cancellationToken).ConfigureAwait(false);
                else if (command.Name is "/bye" or "/exit")
                    return 0;
                else
                    await TryInterruptibleAsync(token => ExecuteAsync(command, token), cancellationToken).ConfigureAwait(false);
            }
            catch (CommandException ex)
            {
                await CommandException.WriteAsync(errors, ex.Message).ConfigureAwait(false);
            }
        }

        return 0;
    }

    /// <summary>Reads a message or a command.</summary>
    /// <returns>The message, and whether it is no command whatever it begins with; <see langword="null"/> if the user leaves.</returns>
    private async Task<(string Text, bool IsText)?> ReadAsync(CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        while (true)
        {
            bool isFirst = text.Length == 0;
            (LineEnd end, string line, bool isPaste) = await editor.ReadAsync(isFirst ? Prompt : Continuation, isFirst && HasColor ? AnswerPrinter.Dim + Hint + AnswerPrinter.Plain : null, cancellationToken).ConfigureAwait(false);
            if (end == LineEnd.EndOfInput)
                return null;
            if (end == LineEnd.Interrupted)
            {
                if (isFirst && line.Length == 0)
                    await output.WriteLineAsync("Use Ctrl-D or /bye to leave.").ConfigureAwait(false);
                text.Clear();
                continue;
            }

            text.Append(isFirst ? "" : "\n").Append(line);
            string message = text.ToString();
            bool isText = isFirst && isPaste;
            if (!isText && MultiLine.IsOpen(message))
                continue;
            text.Clear();
            if (string.IsNullOrWhiteSpace(message))
                continue;
            history.Add(message);
            return (message.Trim(), isText);
        }
    }

    /// <summary>Sends a message and prints the answer. If it fails, the message does not become part of the conversation.</summary>
    private async Task AnswerAsync(string message, CancellationToken cancellationToken)
    {
        AnswerPrinter printer = new(output, isTerminal: true, HasColor, settings.HidesThinking, settings.WrapsWords ? Width : null);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        keys.OnInterrupt(stop.Cancel);
        Answer answer;
        try
        {
            answer = await _chat.AskAsync(settings.ToBody([.. _messages, new("user", message)]), printer, stop.Token).ConfigureAwait(false);
        }
        catch (CommandException) when (printer.HasText)
        {
            printer.End();
            throw;
        }
        finally
        {
            keys.OnInterrupt(null);
        }

        printer.End();
        await output.WriteLineAsync().ConfigureAwait(false);
        if (answer.Content.Length > 0)
            _messages.AddRange([new("user", message), new("assistant", answer.Content)]);
        if (answer.Last is { } last && settings.IsVerbose)
            await errors.WriteAsync(Statistics.Format(last) + "\n").ConfigureAwait(false);
        await NoteIgnoredAsync().ConfigureAwait(false);
    }

    /// <summary>Says once which settings have no effect.</summary>
    private async Task NoteIgnoredAsync()
    {
        if (_chat.Ignored is { } ignored && ignored != _ignored)
            await output.WriteLineAsync($"(without effect on this node: {ignored})\n").ConfigureAwait(false);
        _ignored = _chat.Ignored;
    }

    private async Task ExecuteAsync(SlashCommand command, CancellationToken cancellationToken)
    {
        string? reply = command.Name switch
        {
            "/set" => SetCommand.Apply(command, settings, history),
            "/show" => await ShowAsync(command.Rest, cancellationToken).ConfigureAwait(false),
            "/list" => await ListAsync(command.Rest, cancellationToken).ConfigureAwait(false),
            "/load" when command.Rest.Length > 0 => await SwitchAsync(command.Rest, cancellationToken).ConfigureAwait(false),
            "/save" when command.Rest.Length > 0 => await SaveAsync(command.Rest, cancellationToken).ConfigureAwait(false),
            "/load" or "/save" => $"Usage: {command.Name} MODEL",
            "/clear" => Clear(),
            "/?" or "/help" => Help.Of(command.Rest),
            _ => $"Unknown command '{command.Name}'. Type /? for help",
        };
        if (reply is not null)
            await output.WriteLineAsync(reply).ConfigureAwait(false);
    }

    private async Task<string> ListAsync(string prefix, CancellationToken cancellationToken)
    {
        IReadOnlyList<ModelRow> models = ModelRow.ReadAll(await client.GetAsync("/api/tags", cancellationToken).ConfigureAwait(false));
        return ModelTables.List(ModelTables.WithPrefix(models, prefix), DateTimeOffset.UtcNow).TrimEnd('\n');
    }

    private async Task<string> ShowAsync(string part, CancellationToken cancellationToken)
    {
        string own = string.Join('\n', settings.Parameters.Select(static parameter => $"{parameter.Key} {parameter.Value.GetRawText()}"));
        System.Text.Json.JsonElement model = await ShowCommand.FetchAsync(client, settings.Model, cancellationToken).ConfigureAwait(false);
        return part switch
        {
            "info" => ModelDescription.Format(model, verbose: false).TrimEnd('\n'),
            "system" when settings.System is { } system => system,
            "parameters" when own.Length > 0 => $"Model defined parameters:\n{ModelDescription.Part(model, part)}\n\nUser defined parameters:\n{own}",
            "license" or "modelfile" or "parameters" or "system" or "template" => ModelDescription.Part(model, part) is { Length: > 0 } text ? text : $"The model has no {part}.",
            "" => Help.Format(SlashCommand.Parts),
            _ => $"Unknown command '/show {part}'. Type /? show for help",
        };
    }

    /// <summary>Begins a conversation with another model.</summary>
    /// <returns><see langword="null"/>: the messages of the model are the last output.</returns>
    private async Task<string?> SwitchAsync(string model, CancellationToken cancellationToken)
    {
        settings.ModelMessages = ChatSettings.MessagesOf(await ShowCommand.FetchAsync(client, model, cancellationToken).ConfigureAwait(false));
        settings.Model = model;
        await output.WriteLineAsync($"Loading model '{model}'").ConfigureAwait(false);
        await LoadAsync(cancellationToken).ConfigureAwait(false);
        _messages.Clear();
        await ShowMessagesAsync().ConfigureAwait(false);
        return null;
    }

    private async Task<string> SaveAsync(string model, CancellationToken cancellationToken)
    {
        CreateBody body = new(model)
        {
            From = settings.Model,
            System = settings.System,
            Parameters = settings.Parameters.Count > 0 ? settings.Parameters : null,
            Messages = _messages.Count > 0 ? [.. settings.ModelMessages.Concat(_messages).Select(static message => new CreateMessage(message.Role, message.Content))] : null,
        };
        await new Puller(client, Puller.Display).ShowAsync(client.StreamAsync("/api/create", body, ModelJson.Default.CreateBody, cancellationToken)).ConfigureAwait(false);
        return $"Created new model '{model}'";
    }

    private string Clear()
    {
        _messages.Clear();
        return "Cleared session context";
    }

    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LoadCommands.SetKeepAliveAsync(client, settings.Model, settings.KeepAliveJson, cancellationToken).ConfigureAwait(false);
        }
        catch (CommandException ex) when (ex.Status == HttpStatusCode.Forbidden)
        {
            // A read-only node loads the model with the first message.
        }
    }

    /// <summary>Prints the messages of the model, with which the conversation begins.</summary>
    private async Task ShowMessagesAsync()
    {
        foreach (ChatMessage message in settings.ModelMessages.Where(static message => message.Role != "system"))
            await output.WriteLineAsync(message.Role == "user" ? Prompt + message.Content : message.Content + "\n").ConfigureAwait(false);
    }

    /// <summary>Runs a step that Ctrl-C ends.</summary>
    /// <returns>False if Ctrl-C has ended it.</returns>
    private async Task<bool> TryInterruptibleAsync(Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        keys.OnInterrupt(stop.Cancel);
        try
        {
            await step(stop.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            keys.OnInterrupt(null);
        }
    }
}
