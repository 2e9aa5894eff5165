using System.Text;
using RkLlama.Prompts.Jinja;

namespace RkLlama.Prompts.Conversations;

/// <summary>
/// Finds out whether a prompt has the whole text of a conversation: of all system, user and tool messages, and the texts in the arguments of tool calls.
/// Searches only the request text of the prompt. Templates may trim text, escape it, or write it as part of JSON, so if a text does not occur as it is, only
/// its letters and digits are compared.
/// </summary>
internal sealed class RequestTextSearch
{
    // Text that is found behind the previous one costs one pass over the prompt in total. All other searches start again, so their number is limited: a prompt
    // that needs more counts as complete.
    private const int MaxPasses = 64;

    private readonly string _text;
    private readonly RenderBudget _budget;
    private int _position;
    private long _remaining;
    private string? _letters;

    private RequestTextSearch(PromptText prompt, RenderBudget budget)
    {
        _budget = budget;
        _text = string.Create(prompt.Text.Length, prompt, static (characters, prompt) =>
        {
            characters.Clear();
            foreach (PromptSpan span in prompt.RequestSpans)
                prompt.Text.AsSpan(span.Start, span.End - span.Start).CopyTo(characters[span.Start..]);
        });
        _remaining = (long)MaxPasses * _text.Length;
    }

    private enum Escapes
    {
        None,
        ControlCharacters,
        NonAscii,
    }

    /// <summary>Whether a prompt has the whole text of a conversation.</summary>
    /// <param name="budget">The budget of the rendering.</param>
    /// <exception cref="TemplateException">The search exceeds the processor time of the rendering.</exception>
    public static bool ContainsAll(PromptText prompt, Conversation conversation, RenderBudget budget)
    {
        RequestTextSearch search = new(prompt, budget);
        return conversation.Messages.SelectMany(PartsOf).All(search.Contains);
    }

    private static IEnumerable<string> PartsOf(ChatMessage message)
    {
        if (message.Role != "assistant" && !string.IsNullOrWhiteSpace(message.Content))
            yield return message.Content;
        foreach (string text in (message.ToolCalls ?? []).SelectMany(call => ToolArguments.Texts(call.Arguments)))
            yield return text;
    }

    private bool Contains(string part)
    {
        ReadOnlySpan<char> wanted = part.AsSpan().Trim();
        int next = TextSearch.IndexOf(_text.AsSpan(_position), wanted, _budget);
        if (next >= 0)
        {
            _position += next + wanted.Length;
            return true;
        }

        _remaining -= _text.Length;
        return _remaining < 0 || TextSearch.IndexOf(_text.AsSpan(0, _position), wanted, _budget) >= 0 || ContainsLetters(wanted);
    }

    private bool ContainsLetters(ReadOnlySpan<char> wanted)
    {
        _letters ??= Letters(_text, Escapes.None);
        foreach (Escapes escapes in Enum.GetValues<Escapes>())
        {
            _remaining -= _letters.Length;
            if (Letters(wanted, escapes) is { Length: > 0 } letters && TextSearch.IndexOf(_letters, letters, _budget) >= 0)
                return true;
        }

        return false;
    }

    /// <summary>Returns the letters and digits of a text, in lower case, as if the text had been escaped as in JSON.</summary>
    private static string Letters(ReadOnlySpan<char> text, Escapes escapes)
    {
        StringBuilder letters = new();
        foreach (char character in text)
        {
            string? escape = escapes == Escapes.None ? null : character switch
            {
                '\n' => "n",
                '\r' => "r",
                '\t' => "t",
                < ' ' => $"u{(int)character:x4}",
                > '~' when escapes == Escapes.NonAscii => $"u{(int)character:x4}",
                _ => null,
            };
            if (escape is not null)
                letters.Append(escape);
            else if (char.IsLetterOrDigit(character))
                letters.Append(char.ToLowerInvariant(character));
        }

        return letters.ToString();
    }
}
