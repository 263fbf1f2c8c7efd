;; Scheme, compiled to native code as it is loaded (Chez) or as it gets hot (Guile). Plain R6RS forms only.
(define (fib n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2)))))

(define (repeat times value step)
  (if (= times 0) value (repeat (- times 1) (step value) step)))

(define (escape list)
  (call-with-current-continuation
    (lambda (return) (for-each (lambda (x) (if (> x 900) (return x))) list) 0)))

(define (numbers from to) (if (= from to) '() (cons from (numbers (+ from 1) to))))

(define (show name value) (display name) (display " ") (display value) (newline))

(show "fib" (fib 25))
(show "closures" (repeat 300000 1 (lambda (x) (modulo (+ (* x 31) 7) 1000003))))
(show "floats" (repeat 300000 0.1 (lambda (x) (* 3.9 (* x (- 1.0 x))))))
(show "exact" (repeat 400 1 (lambda (x) (+ (* x 3) 1))))
(show "escapes" (repeat 200 0 (lambda (sum) (+ sum (escape (numbers 0 1000))))))
(show "strings" (string-length (repeat 12 "ab" (lambda (text) (string-append text text)))))
