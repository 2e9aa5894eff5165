using System.CommandLine;
using System.CommandLine.Parsing;

namespace RkLlama.Cli;

/// <summary>Finds what is wrong with a command line, for one line on stderr.</summary>
internal static class UsageErrors
{
    // An option with more wrong letters than this is not similar to what the user has typed.
    private const int MaxDistance = 3;

    /// <summary>Returns the first error; <see langword="null"/> if there is none.</summary>
    internal static string? Find(ParseResult parsed)
    {
        if (UnknownOption(parsed) is { } option)
            return $"unknown option '{option}'{Suggestion(option, parsed)}";
        if (parsed.Errors.Count == 0)
            return null;
        if (parsed.CommandResult.Command is RootCommand root && parsed.UnmatchedTokens is [{ } word, ..])
        {
            string? near = Nearest(word, root.Subcommands.SelectMany(static one => one.Aliases.Append(one.Name)));
            return $"there is no command '{word}': " + (near is null ? "'rkllama help' lists all" : $"did you mean {near}?");
        }

        return parsed.Errors[0].SymbolResult is not OptionResult && MissingArgument(parsed) is { } missing
            ? $"rkllama {CommandOf(parsed)}needs {missing.ToUpperInvariant()}: see 'rkllama {CommandOf(parsed)}--help'"
            : parsed.Errors[0].Message;
    }

    private static string? MissingArgument(ParseResult parsed) =>
        parsed.CommandResult.Command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is null or { Tokens.Count: 0 })?.Name;

    /// <summary>Returns the name that is most similar to a word; <see langword="null"/> if none is similar.</summary>
    private static string? Nearest(string word, IEnumerable<string> names) =>
        names.Select(name => (Name: name, Distance: Distance(name, word))).Where(pair => pair.Distance <= MaxDistance && 2 * pair.Distance <= pair.Name.Length)
            .OrderBy(static pair => pair.Distance).Select(static pair => pair.Name).FirstOrDefault();

    /// <summary>
    /// Returns a word with dashes that is none of the options. The parser takes it for an argument, or for an unknown word. Behind <c>--</c> each word is an
    /// argument. A prompt may begin with one dash, or have spaces behind two.
    /// </summary>
    private static string? UnknownOption(ParseResult parsed)
    {
        HashSet<Token> free = [.. parsed.Tokens.TakeWhile(static token => token.Type != TokenType.DoubleDash)];
        foreach (ArgumentResult argument in parsed.CommandResult.Children.OfType<ArgumentResult>())
        {
            bool isText = argument.Argument is Argument<string[]> { Name: TextArgument };
            if (argument.Tokens.FirstOrDefault(token => free.Contains(token) && IsOption(token.Value, isText)) is { } wrong)
                return NameOf(wrong.Value);
        }

        return parsed.UnmatchedTokens.FirstOrDefault(static token => IsOption(token, isText: false)) is { } unmatched && free.Any(token => token.Value == unmatched) ? NameOf(unmatched) : null;
    }

    /// <summary>The name of the argument that is free text, and not a list of names.</summary>
    internal const string TextArgument = "prompt";

    private static bool IsOption(string word, bool isText) => isText
        ? word.Length > 2 && word.StartsWith("--", StringComparison.Ordinal) && char.IsAsciiLetter(word[2]) && !NameOf(word).Any(char.IsWhiteSpace)
        : word.Length > 1 && word.StartsWith('-');

    private static string NameOf(string word) => word.Split('=')[0];

    private static string Suggestion(string option, ParseResult parsed)
    {
        string? near = parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options.Where(static one => one.Recursive))
            .Where(static one => !one.Hidden).SelectMany(static one => one.Aliases.Append(one.Name)).Where(static name => name.StartsWith("--", StringComparison.Ordinal))
            .Select(name => (Name: name, Distance: Distance(name, option))).Where(pair => pair.Distance <= MaxDistance && pair.Distance < pair.Name.Length - 2)
            .OrderBy(static pair => pair.Distance).Select(static pair => pair.Name).FirstOrDefault();
        string dashes = parsed.CommandResult.Command.Arguments.Any(static argument => argument.Name == TextArgument) ? ". A prompt that begins with -- comes after --" : "";
        return near is null ? $": see 'rkllama {CommandOf(parsed)}--help'{dashes}" : $": did you mean {near}?{dashes.TrimStart('.')}";
    }

    private static string CommandOf(ParseResult parsed) => parsed.CommandResult.Command is RootCommand ? "" : parsed.CommandResult.Command.Name + " ";

    /// <summary>Returns how many letters have to be added, removed or replaced.</summary>
    private static int Distance(string one, string other)
    {
        int[] row = [.. Enumerable.Range(0, other.Length + 1)];
        for (int i = 0; i < one.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i + 1;
            for (int j = 0; j < other.Length; j++)
            {
                int best = Math.Min(Math.Min(row[j], row[j + 1]) + 1, diagonal + (one[i] == other[j] ? 0 : 1));
                (diagonal, row[j + 1]) = (row[j + 1], best);
            }
        }

        return row[^1];
    }
}
