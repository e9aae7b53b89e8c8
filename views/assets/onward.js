// Two pages go on by themselves: the form that carries an answer to its client, and the one that signs people out in frames. What they do is
// in the oldest words there are and in no module, because they must go on also where scripts of today do not run.
(function () {
  var form = document.getElementById('form-post')
  var link = document.getElementById('signing-out')
  if (form) form.submit()
  if (!link) return
  // When every frame has answered, or after some seconds for one that does not.
  var go = function () { location.replace(link.href) }
  addEventListener('load', go)
  setTimeout(go, 5000)
})()
