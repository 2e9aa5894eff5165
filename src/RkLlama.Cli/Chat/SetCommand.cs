using RkLlama.Cli.Models;
using RkLlama.Cli.Terminal.Editing;

namespace RkLlama.Cli.Chat;

/// <summary>The command <c>/set</c> of a conversation.</summary>
internal static class SetCommand
{
    /// <summary>Changes a setting.</summary>
    /// <returns>What was changed, or why nothing was.</returns>
    internal static string Apply(SlashCommand command, ChatSettings settings, History history)
    {
        IReadOnlyList<string> words = command.Words();
        switch (words.Count > 0 ? words[0] : "")
        {
            case "parameter" when words.Count > 1:
                return SetParameter(settings, words[1], [.. words.Skip(2)]);
            case "system" when command.TextAfterFirstWord() is { Length: > 0 } text:
                settings.System = text;
                return "Set system message.";
            case "think":
                string level = words.Count > 1 ? words[1] : "true";
                if (!ChatSettings.ThinkLevels.Contains(level))
                    return $"'{level}' is none of {string.Join(", ", ChatSettings.ThinkLevels)}";
                settings.Think = level;
                return words.Count > 1 ? $"Set 'think' mode to '{level}'." : "Set 'think' mode.";
            case "nothink":
                settings.Think = "false";
                return "Set 'nothink' mode.";
            case "verbose":
                settings.IsVerbose = true;
                return "Set 'verbose' mode.";
            case "quiet":
                settings.IsVerbose = false;
                return "Set 'quiet' mode.";
            case "format" when words is [_, "json"]:
                settings.IsJson = true;
                return "Set format to 'json' mode.";
            case "noformat":
                settings.IsJson = false;
                return "Disabled format.";
            case "wordwrap":
                settings.WrapsWords = true;
                return "Set 'wordwrap' mode.";
            case "nowordwrap":
                settings.WrapsWords = false;
                return "Set 'nowordwrap' mode.";
            case "history":
                history.IsEnabled = true;
                return "Set 'history' mode.";
            case "nohistory":
                history.IsEnabled = false;
                return "Set 'nohistory' mode.";
            case { Length: > 0 } name when ParameterNames.All.Contains(name):
                return SetParameter(settings, name, [.. words.Skip(1)]);
            default:
                return words.Count == 0 ? Help.Format(SlashCommand.Settings) : $"Unknown command '/set {words[0]}'. Type /? set for help";
        }
    }

    private static string SetParameter(ChatSettings settings, string name, IReadOnlyList<string> values)
    {
        if (!ParameterNames.All.Contains(name))
            return $"Unknown parameter '{name}': it is none of {string.Join(", ", ParameterNames.All)}";
        if (ParameterNames.ValueOf(name, values) is not { } value)
            return name == "stop" ? "stop needs a text" : $"{name} needs a number";
        settings.Parameters[name] = value;
        return $"Set parameter '{name}' to '{string.Join("', '", values)}'";
    }
}
