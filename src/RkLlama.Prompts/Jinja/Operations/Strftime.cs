using System.Globalization;
using System.Text;

namespace RkLlama.Prompts.Jinja.Operations;

/// <summary>Formats times as the C function <c>strftime</c> does in the C locale.</summary>
internal static class Strftime
{
    private static readonly CultureInfo _culture = CultureInfo.InvariantCulture;

    public static string Format(DateTime time, string format)
    {
        StringBuilder text = new();
        for (int at = 0; at < format.Length; at++)
        {
            if (format[at] != '%' || at + 1 == format.Length)
            {
                text.Append(format[at]);
                continue;
            }
            bool unpadded = format[at + 1] == '-' && at + 2 < format.Length;
            at += unpadded ? 2 : 1;
            string? field = Field(time, format[at]);
            if (field is null)
                text.Append('%').Append(unpadded ? "-" : "").Append(format[at]);
            else
                text.Append(unpadded ? Unpadded(field) : field);
        }
        return text.ToString();
    }

    private static string? Field(DateTime time, char directive) => directive switch
    {
        'a' => time.ToString("ddd", _culture),
        'A' => time.ToString("dddd", _culture),
        'b' or 'h' => time.ToString("MMM", _culture),
        'B' => time.ToString("MMMM", _culture),
        'c' => $"{time.ToString("ddd MMM", _culture)} {time.Day,2} {time.ToString("HH:mm:ss yyyy", _culture)}",
        'C' => (time.Year / 100).ToString("00", _culture),
        'd' => time.ToString("dd", _culture),
        'D' or 'x' => time.ToString("MM/dd/yy", _culture),
        'e' => $"{time.Day,2}",
        'f' => time.ToString("ffffff", _culture),
        'F' => time.ToString("yyyy-MM-dd", _culture),
        'G' => ISOWeek.GetYear(time).ToString("0000", _culture),
        'H' => time.ToString("HH", _culture),
        'I' => time.ToString("hh", _culture),
        'j' => time.DayOfYear.ToString("000", _culture),
        'k' => $"{time.Hour,2}",
        'l' => $"{(time.Hour + 11) % 12 + 1,2}",
        'm' => time.ToString("MM", _culture),
        'M' => time.ToString("mm", _culture),
        'n' => "\n",
        'p' => time.Hour < 12 ? "AM" : "PM",
        'r' => time.ToString("hh:mm:ss ", _culture) + (time.Hour < 12 ? "AM" : "PM"),
        'R' => time.ToString("HH:mm", _culture),
        's' => new DateTimeOffset(time).ToUnixTimeSeconds().ToString(_culture),
        'S' => time.ToString("ss", _culture),
        't' => "\t",
        'T' or 'X' => time.ToString("HH:mm:ss", _culture),
        'u' => (((int)time.DayOfWeek + 6) % 7 + 1).ToString(_culture),
        'U' => ((time.DayOfYear + 6 - (int)time.DayOfWeek) / 7).ToString("00", _culture),
        'V' => ISOWeek.GetWeekOfYear(time).ToString("00", _culture),
        'w' => ((int)time.DayOfWeek).ToString(_culture),
        'W' => ((time.DayOfYear + 6 - (((int)time.DayOfWeek + 6) % 7)) / 7).ToString("00", _culture),
        'y' => time.ToString("yy", _culture),
        'Y' => time.ToString("yyyy", _culture),
        'z' or 'Z' => "",
        '%' => "%",
        _ => null,
    };

    private static string Unpadded(string field)
    {
        string stripped = field.TrimStart('0', ' ');
        return stripped.Length == 0 || !char.IsAsciiDigit(stripped[0]) ? field.Length > 0 && char.IsAsciiDigit(field[0]) ? "0" : field : stripped;
    }
}
