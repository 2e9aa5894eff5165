using System.ComponentModel.DataAnnotations;

namespace RkLlama.Server.Api.Common;

/// <summary>On a text: another type is as absent, because the field has no effect or the request reports it in its own words.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class TolerantAttribute : Attribute;

/// <summary>On a number of answers: the document says 0 or 1, and the request refuses more in its own words.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AnswerCountAttribute() : RangeAttribute(0, 1);
